using System.Security.Claims;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Moq;

namespace Idempotency.Filters.Tests.Administration;

/// <summary>
/// The unnamed settings count as a policy if an endpoint uses them, and not if all endpoints have named policies.
/// </summary>
internal sealed class UnnamedSettingsTests
{
    private static readonly IdempotencyScope Alice = IdempotencyScope.OfCaller("alice");

    private static readonly IdempotencyScope User = IdempotencyScope.OfUser(new(new ClaimsIdentity([new("sub", "alice")], "Bearer")));

    [Test]
    public async Task ScopeThatOnlyTheUnusedSettingsCouldHaveIsRefused([Values("endpoint", "action", "page")] string host)
    {
        await using var app = await StartAsync(host);

        Assert.That(
            async () => await app.Operator().ForgetAsync(User),
            Throws.ArgumentException.With.Message.Contains("OfCaller(...) in place of OfUser(...)"));
    }

    [Test]
    public async Task StoreOfTheUnusedSettingsIsNotAsked([Values("endpoint", "action", "page")] string host)
    {
        await using var app = await StartAsync(host);
        await app.AnswerAsync(host == "page" ? "/Named" : "/named", "k", null, ["X-Caller: alice"]);

        Assert.That(await app.Operator().ForgetAsync(Alice), Is.EqualTo(1));
        Assert.That(app.Logs.Lines.Select(line => line.Id.Id), Has.None.EqualTo(82));
    }

    [Test]
    public async Task StoreOfTheUsedSettingsIsAsked([Values("endpoint", "action", "page")] string host)
    {
        await using var app = await StartAsync(host, used: true);

        Assert.That(
            async () => await app.Operator().ForgetAsync(Alice),
            Throws.TypeOf<NotSupportedException>().With.Message.StartsWith("The default store ("));
    }

    /// <summary>Like an operators' tool, whose endpoints do not show what the application's endpoints use.</summary>
    [Test]
    public async Task SettingsCountWhereNoEndpointIsCovered()
    {
        await using var app = await Answers.StartAsync([], Configure);

        Assert.That(
            async () => await app.Operator().ForgetAsync(Alice),
            Throws.TypeOf<NotSupportedException>().With.Message.StartsWith("The default store ("));
    }

    [Test]
    public async Task FormerPolicyCountsThoughNoEndpointUsesIt()
    {
        await using var app = await StartAsync(
            "endpoint", services: s => s.AddIdempotency().AddPolicy("former", o => o.StoreName = "able"));

        Assert.That(await app.Operator().ForgetAsync(User), Is.Zero);
        AssertWarned(app, "'named'", "OfCaller(...) in place of OfUser(...)");
        Assert.That(Warning(app), Does.Not.Contain("'former'"));
    }

    [Test]
    public async Task PoliciesUnderWhichTheCallerHasAnotherScopeAreNamed()
    {
        await using var app = await StartAsync("endpoint", used: true, able: true);

        await app.Operator().ForgetAsync(Alice);

        AssertWarned(app, "'default'", "OfUser(...) in place of OfCaller(...)");
        Assert.That(Warning(app), Does.Not.Contain("'named'"));
    }

    [Test]
    public void UsedSettingsThatDoNotGoWithTheirStoreFailTheStart() => Assert.That(
        async () =>
        {
            await using var app = await Answers.StartAsync([typeof(LongLeaseController)], SlowDefaultStore);
        },
        Throws.TypeOf<OptionsValidationException>().With.Message.StartsWith("The settings of AddIdempotency: Lease is 00:00:30"));

    [Test]
    public async Task UnusedSettingsThatDoNotGoWithTheirStoreAreToldWhenTheyAreAskedFor()
    {
        await using var app = await StartAsync("endpoint", services: SlowDefaultStore);

        Assert.That(await app.Operator().ForgetAsync(Alice), Is.Zero);
        Assert.That(await app.Operator().FindAsync(Alice, "k", "named"), Is.Null);
        Assert.That(
            async () => await app.Operator().FindAsync(Alice, "k"),
            Throws.TypeOf<OptionsValidationException>()
                .With.Message.Contains("called without a policy").And.Message.Contains("Lease is 00:00:30"));
    }

    private static void SlowDefaultStore(IServiceCollection services)
    {
        var slow = new Mock<IIdempotencyStore>();
        slow.As<IIdempotencyStoreAdministration>();
        slow.Setup(s => s.OperationTimeout).Returns(TimeSpan.FromSeconds(30));
        services.AddIdempotency().UseStore((_, _) => slow.Object);
    }

    /// <summary>Starts an app with a default store that cannot forget, and a policy that sets CallerId and has a store that can.</summary>
    private static void Configure(IServiceCollection services)
    {
        var unable = new Mock<IIdempotencyStore>();
        unable.As<IIdempotencyStoreAdministration>().Setup(s => s.CanForget).Returns(false);
        services.AddIdempotency()
            .UseStore((_, _) => unable.Object)
            .AddStore("able", able => able.UseMemory())
            .AddPolicy("named", o => (o.StoreName, o.CallerId) = ("able", http => http.Request.Headers["X-Caller"]));
    }

    /// <param name="host">
    /// What the policy covers. In opt-out mode there is also a GET under the unnamed settings, which does not count as a use of them.
    /// </param>
    /// <param name="used">Whether the unnamed settings cover another endpoint.</param>
    /// <param name="able">Whether the default store can forget.</param>
    /// <param name="services">Adds services, last.</param>
    private static Task<TestApp> StartAsync(
        string host, bool used = false, bool able = false, Action<IServiceCollection>? services = null) => Answers.StartAsync(
        host == "action" ? [used ? typeof(BothController) : typeof(NamedController)] : [],
        s =>
        {
            Configure(s);
            if (host == "page")
            {
                s.AddPages(used ? ["Named", "Marked"] : ["Named"]);
                s.Configure<RazorPagesOptions>(o => o.Conventions.ConfigureFilter(new IgnoreAntiforgeryTokenAttribute()));
            }

            if (host == "action")
                s.Configure<MvcOptions>(o => o.Filters.Add<IdempotencyFilter>());
            if (able)
                s.AddIdempotency().UseMemory();
            services?.Invoke(s);
        },
        app =>
        {
            if (host == "page")
                app.MapRazorPages();
            if (host != "endpoint")
                return;

            app.MapPost("/named", (Runs runs) => runs.Next()).RequireIdempotency("named");
            if (used)
                app.MapPost("/unnamed", (Runs runs) => runs.Next()).RequireIdempotency();
        });

    private static string Warning(TestApp app) => app.Logs.Lines.Single(line => (line.Id.Id, line.Level) == (82, LogLevel.Warning)).Message;

    private static void AssertWarned(TestApp app, params string[] words)
    {
        foreach (var word in words)
            Assert.That(Warning(app), Does.Contain(word));
    }
}

[ApiController, Route("named")]
public class NamedController(Runs runs) : ControllerBase
{
    [HttpPost, Idempotent("named")]
    public int Post() => runs.Next();

    [HttpGet]
    public int Get() => runs.Count;
}

[ApiController, Route("named")]
public sealed class BothController(Runs runs) : NamedController(runs)
{
    [HttpPost("unnamed")]
    public int Unnamed() => 0;
}

[ApiController, Route("long")]
public sealed class LongLeaseController : ControllerBase
{
    [HttpPost, Idempotent(LeaseSeconds = 60)]
    public int Post() => 0;
}
