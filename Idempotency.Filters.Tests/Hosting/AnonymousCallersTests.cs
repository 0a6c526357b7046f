using System.Reflection;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ApplicationParts;
using Microsoft.AspNetCore.Mvc.Authorization;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using static Idempotency.Filters.Tests.Support.ClaimsFromHeader;

namespace Idempotency.Filters.Tests.Hosting;

/// <summary>Callers that nothing identifies share one scope: a Warning at start names where, or they are refused.</summary>
internal sealed class AnonymousCallersTests
{
    private static readonly Delegate Run = (Runs runs) => runs.Next();

    [Test]
    public async Task OneWarningNamesTheCoveredEndpointsThatNoAuthorizationReaches()
    {
        await using var app = await StartAsync(
            [typeof(OpenController), typeof(ClosedController)],
            app =>
            {
                app.MapPost("/open", Run).RequireIdempotency();
                app.MapPost("/allowed", Run).RequireAuthorization().AllowAnonymous().RequireIdempotency();
                app.MapPost("/closed", Run).RequireIdempotency().RequireAuthorization();
                app.MapPost("/by-policy", Run).RequireIdempotency()
                    .RequireAuthorization(new AuthorizationPolicyBuilder().RequireClaim("sub").Build());
                app.MapGroup("/group").RequireAuthorization().MapPost("/member", Run).RequireIdempotency();
                app.MapPost("/uncovered", Run);
                app.MapPost("/exempt", [IdempotencyExempt] (Runs runs) => runs.Next()).RequireIdempotency();
            });

        var warning = app.Logs.Lines.Single(line => line.Id.Id == 24).Message;
        Assert.Multiple(() =>
        {
            string[] open =
            [
                "/open", "/allowed", "OpenController.Post", "OpenController.Allowed", "OpenController.Https", "OpenController.Antiforgery",
            ];
            foreach (var name in open)
                Assert.That(warning, Does.Contain(name));
            foreach (var name in (string[])["/closed", "/by-policy", "/member", "/uncovered", "/exempt", "ClosedController", "Get", "Own"])
                Assert.That(warning, Does.Not.Contain(name));
            Assert.That(warning, Does.Contain("CallerId"));
        });
    }

    [TestCase(true, TestName = "A fallback policy reaches every endpoint that says nothing")]
    [TestCase(false, TestName = "Without a fallback policy such endpoints are warned of")]
    public async Task FallbackPolicyCounts(bool hasFallback)
    {
        await using var app = await StartAsync(
            [typeof(PlainStartController)],
            app => app.MapPost("/open", Run).RequireIdempotency(),
            s => s.AddAuthorization(o => o.FallbackPolicy = hasFallback ? o.DefaultPolicy : null));

        Assert.That(Warnings(app), Is.EqualTo(hasFallback ? 0 : 1));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task GlobalFilterCounts(bool authorizes)
    {
        await using var app = await StartAsync(
            [typeof(PlainStartController)], services: s => s.Configure<MvcOptions>(o =>
                o.Filters.Add(authorizes ? new AuthorizeFilter() : new AutoValidateAntiforgeryTokenAttribute())));

        Assert.That(Warnings(app), Is.EqualTo(authorizes ? 0 : 1));
    }

    [Test]
    public async Task CallerIdOfThePolicyCounts()
    {
        await using var app = await StartAsync(
            [],
            app =>
            {
                app.MapPost("/by-id", Run).RequireIdempotency("by-id");
                app.MapPost("/allow", Run).RequireIdempotency("allow");
                app.MapPost("/reject", Run).RequireIdempotency("reject");
            },
            s => s.AddIdempotency()
                .AddPolicy("by-id", o => o.CallerId = http => http.Request.Headers["X-Api-Key"])
                .AddPolicy("allow", o => o.AnonymousCallers = AnonymousCallers.Allow)
                .AddPolicy("reject", o => o.AnonymousCallers = AnonymousCallers.Reject));

        Assert.That(Warnings(app), Is.Zero);
    }

    [TestCase("Development", false, 0, TestName = "Development without an authentication scheme is left alone")]
    [TestCase("Development", true, 1, TestName = "Development with a scheme is warned")]
    [TestCase("Production", false, 1, TestName = "Production without a scheme is warned")]
    public async Task EnvironmentAndSchemesCount(string environment, bool hasScheme, int warnings)
    {
        await using var app = await TestApp.StartAsync(
            [typeof(PlainStartController)],
            s =>
            {
                s.AddSingleton<Runs>().AddIdempotency();
                s.AddAuthentication();
                if (hasScheme)
                    AddTo(s);
            },
            null,
            builder => builder.UseEnvironment(environment));

        Assert.That(Warnings(app), Is.EqualTo(warnings));
    }

    [Test]
    public async Task RazorPageCounts()
    {
        await using var app = await StartAsync([], app => app.MapRazorPages(), s => s.AddPages("Ordered"));

        Assert.That(app.Logs.Lines.Single(line => line.Id.Id == 24).Message, Does.Contain("/Ordered"));
    }

    [Test]
    public async Task ActionWithoutEndpointRoutingCounts()
    {
        var logs = new LogSink();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        builder.Logging.AddProvider(logs);
        builder.Services.AddIdempotency();
        builder.Services.AddControllers(o => o.EnableEndpointRouting = false).ConfigureApplicationPartManager(parts =>
        {
            parts.ApplicationParts.Clear();
            parts.ApplicationParts.Add(new OpenPart());
        });
        await using var app = builder.Build();
        app.UseMvc();
        await app.StartAsync();

        var warning = logs.Lines.Single(line => line.Id.Id == 24).Message;
        Assert.That(warning, Does.Contain("OpenController.Post").And.Not.Contain("Own"));
    }

    [Test]
    public async Task RejectRefusesACallerThatNothingIdentifies()
    {
        await using var app = await StartAsync(
            [], app => app.MapPost("/pay", Run).RequireIdempotency(), s => s.AddIdempotency(o =>
                (o.AnonymousCallers, o.KeyRequired) = (AnonymousCallers.Reject, false)));

        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("401 caller-anonymous"));
        Assert.That(app.Runs(), Is.Zero);
        Assert.That(await app.AnswerAsync("/pay", "k", null, User("sub=alice")), Is.EqualTo("200 1"), "users may sign in");
        Assert.That(await app.AnswerAsync("/pay", "k", null, User("sub=alice")), Is.EqualTo("200 1 replayed"));
        Assert.That(await app.AnswerAsync("/pay", null), Is.EqualTo("200 2"), "a request without a key asks for nothing");
    }

    [Test]
    public async Task RejectRefusesACallerThatCallerIdDoesNotName()
    {
        await using var app = await StartAsync(
            [], app => app.MapPost("/pay", Run).RequireIdempotency(), s => s.AddIdempotency(o =>
            {
                (o.AnonymousCallers, o.StatusCodes.CallerAnonymous) = (AnonymousCallers.Reject, 403);
                o.CallerId = http => http.Request.Headers["X-Api-Key"];
            }));

        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("403 caller-anonymous"));
        Assert.That(await app.AnswerAsync("/pay", "k", null, "X-Api-Key: a"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/pay", "k", null, "X-Api-Key: b"), Is.EqualTo("200 2"));
    }

    private static int Warnings(TestApp app) => app.Logs.Lines.Count(line => line.Id.Id == 24);

    private static Task<TestApp> StartAsync(
        Type[] controllers, Action<WebApplication>? pipeline = null, Action<IServiceCollection>? services = null) =>
        Answers.StartAsync(
            controllers,
            s =>
            {
                AddTo(s);
                services?.Invoke(s);
            },
            app =>
            {
                app.UseAuthentication();
                app.UseAuthorization();
                pipeline?.Invoke(app);
            });

    private sealed class OpenPart : ApplicationPart, IApplicationPartTypeProvider
    {
        public override string Name => "Open";

        public IEnumerable<TypeInfo> Types => [typeof(OpenController).GetTypeInfo()];
    }
}

[ApiController, Route("open"), Idempotent]
public sealed class OpenController : ControllerBase
{
    [HttpPost]
    public void Post()
    {
    }

    [HttpGet]
    public void Get()
    {
    }

    [HttpPost("allowed"), Authorize, AllowAnonymous]
    public void Allowed()
    {
    }

    [HttpPost("https"), RequireHttps]
    public void Https()
    {
    }

    [HttpPost("antiforgery"), ValidateAntiForgeryToken]
    public void Antiforgery()
    {
    }

    [HttpPost("own"), TypeFilter(typeof(OwnFilter))]
    public void Own()
    {
    }

    private sealed class OwnFilter : IAsyncAuthorizationFilter
    {
        public Task OnAuthorizationAsync(AuthorizationFilterContext context) => Task.CompletedTask;
    }
}

[ApiController, Route("closed"), Idempotent, Authorize]
public sealed class ClosedController : ControllerBase
{
    [HttpPost]
    public void Post()
    {
    }
}
