using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.FrameworkTests;

internal sealed class SignalRTests
{
    [Test]
    public async Task HubInACoveredGroupConnectsWithoutAKey()
    {
        await using var app = await StartAsync(app => app.MapGroup("").RequireIdempotency().MapHub<TillHub>("/till"));

        Assert.That(await app.AnswerAsync("/till/negotiate?negotiateVersion=1", null), Does.StartWith("200 "));
    }

    [Test]
    public async Task CallOnAHubIsRefused() => Assert.That(
        await Refusals.OfAsync(() => StartAsync(app => app.MapHub<TillHub>("/till").RequireIdempotency())), Does.Contain("SignalR hub"));

    [Test]
    public async Task MarkerOnAMethodOfAHubIsRefusedAtTheStart() => Assert.That(
        await Refusals.OfAsync(() => StartAsync(app => app.MapHub<MarkedHub>("/till"))),
        Does.Contain("MarkedHub.Pay carries [Idempotent]"));

    private static Task<TestApp> StartAsync(Action<WebApplication> pipeline) =>
        Answers.StartAsync(pipeline, services => services.AddSignalR());
}

public sealed class TillHub : Hub;

public sealed class MarkedHub(Runs runs) : Hub
{
    [Idempotent]
    public int Pay() => runs.Next();
}
