using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ApplicationParts;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters.Tests.Hosting;

/// <summary>Endpoints that the start check does not see, or sees in another way, are checked all the same, each for itself.</summary>
internal sealed class LateEndpointTests
{
    [Test]
    public void UnknownPolicyFailsTheStartWithoutEndpointRouting() => Assert.That(
        () => StartWithoutEndpointRoutingAsync(typeof(GoodLateController), typeof(UnknownLateController)),
        Throws.InvalidOperationException.With.Message.Contains("UnknownLateController.Post").And.Message.Contains("'nowhere'"));

    [Test]
    public void MarkerThatDoesNothingFailsTheStartWithoutEndpointRouting() => Assert.That(
        () => StartWithoutEndpointRoutingAsync(typeof(GetLateController)),
        Throws.InvalidOperationException.With.Message.Contains("GetLateController.Get").And.Message.Contains("remove the marker"));

    [Test]
    public async Task ActionWithoutAnEndpointIsProtected()
    {
        using var host = await StartWithoutEndpointRoutingAsync(typeof(GoodLateController));
        using var client = host.GetTestClient();

        Assert.That(await PostAsync(client, "/good-late", "k"), Is.EqualTo("200 1"));
        Assert.That(await PostAsync(client, "/good-late", "k"), Is.EqualTo("200 1"));
        Assert.That(await PostAsync(client, "/good-late", null), Does.StartWith("400"));
    }

    [Test]
    public async Task ControllerOfAPluginWithAnUnknownPolicyFailsAloneAndIsNamed()
    {
        await using var app = await StartWithPluginsAsync();

        LoadPlugin(app, typeof(UnknownLateController));
        LoadPlugin(app, typeof(PluginLateController));

        Assert.That(await app.AnswerAsync("/unknown-late", "k"), Does.StartWith("500").And.Contains("UnknownLateController.Post"));
        Assert.That(await app.AnswerAsync("/good-late", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/plugin-late", "other"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/plugin-late", "other"), Is.EqualTo("200 2 replayed"));
        Assert.That(Errors(app), Is.EqualTo(1));
    }

    [TestCase(typeof(GetLateController), "GetLateController.Get")]
    [TestCase(typeof(HelperLateController), "HelperLateController.Helper")]
    [TestCase(typeof(TwiceLateController), "TwiceLateController.Post")]
    public async Task MarkerOfAPluginThatCannotWorkIsAnError(Type controller, string name)
    {
        await using var app = await StartWithPluginsAsync();

        LoadPlugin(app, controller);

        Assert.That(await app.AnswerAsync("/good-late", "k"), Is.EqualTo("200 1"));
        Assert.That(app.Logs.Lines, Has.Some.Matches<LogLine>(
            line => line.Id.Id == 35 && line.Level is LogLevel.Error && line.Message.Contains(name)));
    }

    [Test]
    public async Task EndpointAddedLaterWithAnUnknownPolicyFailsAloneAndIsNamed()
    {
        var changes = new Changes();
        await using var app = await Answers.StartAsync(
            pipeline =>
            {
                Answers.ShowErrors(pipeline);
                pipeline.UseRouting();
                pipeline.MapPost("/early", (Runs runs) => runs.Next()).RequireIdempotency();
                ((IEndpointRouteBuilder)pipeline).DataSources.Add(changes);
            });

        app.App.MapPost("/unknown", () => 1).RequireIdempotency("nowhere");
        app.App.MapPost("/marked", [Idempotent] () => 1);
        app.App.MapPost("/late", (Runs runs) => runs.Next()).RequireIdempotency();
        changes.Fire();

        Assert.That(await app.AnswerAsync("/unknown", "k"), Does.StartWith("500").And.Contains("/unknown").And.Contains("'nowhere'"));
        Assert.That(await app.AnswerAsync("/early", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/late", "other"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/late", "other"), Is.EqualTo("200 2 replayed"));
        Assert.That(Errors(app), Is.EqualTo(2));
    }

    private static async Task<IHost> StartWithoutEndpointRoutingAsync(params Type[] controllers)
    {
        var host = new HostBuilder().ConfigureWebHost(web => web
            .UseTestServer()
            .ConfigureServices(services =>
            {
                services.AddSingleton<Runs>();
                services.AddIdempotency();
                services.AddMvc(options => options.EnableEndpointRouting = false)
                    .ConfigureApplicationPartManager(parts =>
                    {
                        parts.ApplicationParts.Clear();
                        parts.ApplicationParts.Add(new Plugin(controllers));
                    });
            })
            .Configure(app => app.UseMvc())).Build();
        await host.StartAsync();
        return host;
    }

    private static Task<TestApp> StartWithPluginsAsync() => Answers.StartAsync(
        [typeof(GoodLateController)],
        services => services.AddSingleton<Changes>()
            .AddSingleton<IActionDescriptorChangeProvider>(provider => provider.GetRequiredService<Changes>()),
        Answers.ShowErrors);

    private static void LoadPlugin(TestApp app, Type controller)
    {
        app.Services.GetRequiredService<ApplicationPartManager>().ApplicationParts.Add(new Plugin(controller));
        app.Services.GetRequiredService<Changes>().Fire();
    }

    private static async Task<string> PostAsync(HttpClient client, string path, string? key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        using var response = await client.SendAsync(request);
        return $"{(int)response.StatusCode} {await response.TextAsync()}";
    }

    private static int Errors(TestApp app) => app.Logs.Lines.Count(line => line.Id.Id == 35);

    private sealed class Plugin(params Type[] types) : ApplicationPart, IApplicationPartTypeProvider
    {
        public override string Name => "Plugin";

        public IEnumerable<TypeInfo> Types => types.Select(type => type.GetTypeInfo());
    }

    private sealed class Changes : EndpointDataSource, IActionDescriptorChangeProvider
    {
        private CancellationTokenSource _current = new();

        public override IReadOnlyList<Endpoint> Endpoints => [];

        public override IChangeToken GetChangeToken() => new CancellationChangeToken(_current.Token);

        public void Fire() => Interlocked.Exchange(ref _current, new()).Cancel();
    }
}

[ApiController, Route("good-late")]
public sealed class GoodLateController(Runs runs) : ControllerBase
{
    [HttpPost, Idempotent]
    public int Post() => runs.Next();
}

[ApiController, Route("plugin-late")]
public sealed class PluginLateController(Runs runs) : ControllerBase
{
    [HttpPost, Idempotent]
    public int Post() => runs.Next();
}

[ApiController, Route("unknown-late")]
public sealed class UnknownLateController(Runs runs) : ControllerBase
{
    [HttpPost, Idempotent("nowhere")]
    public int Post() => runs.Next();
}

[ApiController, Route("get-late")]
public sealed class GetLateController : ControllerBase
{
    [HttpGet, Idempotent]
    public int Get() => 1;
}

[ApiController, Route("helper-late")]
public sealed class HelperLateController : ControllerBase
{
    [HttpPost]
    public int Post() => Helper();

    [NonAction, Idempotent]
    public int Helper() => 1;
}

[ApiController, Route("twice-late")]
public sealed class TwiceLateController : ControllerBase
{
    [HttpPost, Idempotent, IdempotencyExempt]
    public int Post() => 1;
}
