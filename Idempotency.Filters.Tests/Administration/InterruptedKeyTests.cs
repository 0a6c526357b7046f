using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.Tests.Administration;

/// <summary>
/// A process vanishes under <see cref="InterruptedBehavior.Block"/>, an operator resolves its key, and the process comes back.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class InterruptedKeyTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly Signal _entered = new();
    private readonly Signal _release = new();

    [Test]
    public async Task InterruptedKeyGetsTheOperatorsAnswer()
    {
        await using var app = await StartAsync();
        var first = await InterruptAsync(app);
        using var refused = await app.PostAsync("/orders", "k");
        Assert.That(await app.StateAsync("k"), Is.EqualTo(FoundKeyState.Interrupted));

        Assert.That(await app.CompleteAsync("k"), Is.EqualTo(ResolveOutcome.Resolved));

        using var retry = await app.PostAsync("/orders", "k");
        await refused.IsProblemAsync(409, "outcome-unknown");
        await retry.IsByHandAsync();
        await ReleaseAsync(first);
    }

    [Test]
    public async Task LateHolderDoesNotOverwriteTheOperatorsAnswer()
    {
        await using var app = await StartAsync();
        var first = await InterruptAsync(app);
        await app.CompleteAsync("k");

        using var late = await ReleaseAsync(first);

        using var retry = await app.PostAsync("/orders", "k");
        await late.IsRunAsync(1);
        await retry.IsByHandAsync();
        Assert.That(app.Logs.Lines, Has.One.Matches<LogLine>(line => line is { Level: LogLevel.Error, Id.Id: 10 }));
    }

    [Test]
    public async Task LateHolderGoesBeforeTheOperator()
    {
        await using var app = await StartAsync();
        using var late = await ReleaseAsync(await InterruptAsync(app));

        Assert.That(await app.CompleteAsync("k"), Is.EqualTo(ResolveOutcome.AlreadyCompleted));

        using var retry = await app.PostAsync("/orders", "k");
        await retry.IsReplayOfAsync(1);
    }

    [Test]
    public async Task FreedKeyRunsAndTheLateHolderDoesNotOverwriteIt()
    {
        await using var app = await StartAsync();
        var first = await InterruptAsync(app);
        Assert.That(await app.FreeAsync("k"), Is.EqualTo(ResolveOutcome.Resolved));
        using var second = await app.PostAsync("/orders", "k").Soon();

        using var late = await ReleaseAsync(first);

        using var retry = await app.PostAsync("/orders", "k");
        await second.IsRunAsync(2);
        await retry.IsReplayOfAsync(2);
    }

    [Test]
    public async Task LateHolderOfAFreedKeyGivesItsAnswerToTheRetry()
    {
        await using var app = await StartAsync();
        var first = await InterruptAsync(app);
        await app.FreeAsync("k");

        using var late = await ReleaseAsync(first);

        using var retry = await app.PostAsync("/orders", "k");
        await retry.IsReplayOfAsync(1);
    }

    private Task<TestApp> StartAsync() => new Script(async (_, run) =>
    {
        if (run == 1)
        {
            _entered.Fire();
            await _release.WaitAsync();
        }

        return Script.Answer(run);
    }).StartAsync<OperatedController>(
        options =>
        {
            options.WhenInterrupted = InterruptedBehavior.Block;
            options.MaxExecutionTime = TimeSpan.FromMinutes(2);
        },
        _clock);

    private async Task<Task<HttpResponseMessage>> InterruptAsync(TestApp app)
    {
        var first = app.PostAsync("/orders", "k");
        await _entered.WaitAsync();
        _clock.Advance(TimeSpan.FromMinutes(3));
        return first;
    }

    private async Task<HttpResponseMessage> ReleaseAsync(Task<HttpResponseMessage> first)
    {
        _release.Fire();
        return await first.Soon();
    }
}
