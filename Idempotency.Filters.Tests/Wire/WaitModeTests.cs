namespace Idempotency.Filters.Tests.Wire;

/// <summary>Many waiters, and waiters that give up.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[NonParallelizable]
internal sealed class WaitModeTests
{
    private const int Crowd = 1_000;

    private readonly Signal _entered = new();
    private readonly Signal _release = new();
    private readonly TestClock _clock = new();
    private readonly FaultyStore _store;

    public WaitModeTests() => _store = new FaultyStore(_clock);

    [Test]
    public async Task AThousandWaitersTakeNoThreadEachAndGetTheFirstAnswer()
    {
        var script = Hanging();
        await using var app = await StartAsync(script);
        var first = app.PostAsync("/orders", "k");
        await _entered.WaitAsync();
        var waiters = Enumerable.Range(0, Crowd).Select(_ => app.PostAsync("/orders", "k")).ToArray();
        await Waiting.UntilAsync(() => _store.Waits == Crowd);

        Assert.That(ThreadPool.ThreadCount, Is.LessThan(Crowd / 4));
        _release.Fire();

        await (await first.Soon()).IsRunAsync(1);
        foreach (var response in await Task.WhenAll(waiters).Soon())
            await response.IsReplayOfAsync(1);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task EveryWaiterThatLeavesFreesItsSlotAtOnce()
    {
        await using var app = await StartAsync(Hanging());
        var first = app.PostAsync("/orders", "k");
        await _entered.WaitAsync();
        var leaving = Enumerable.Range(0, 20).Select(_ => Wait(app)).ToArray();
        await Waiting.UntilAsync(() => _store.Waits == leaving.Length);
        var timers = _clock.ActiveTimers;

        Array.ForEach(leaving, connection => connection.Abort());

        // Time stands still and the first answer is not there yet, so only leaving ended their waits. Nothing of them is left.
        await Waiting.UntilAsync(() => _store.WaitsCancelled == leaving.Length && _clock.ActiveTimers <= timers - leaving.Length);
        _release.Fire();
        await (await first.Soon()).IsRunAsync(1);
    }

    [Test]
    public async Task WaitersThatGiveUpOrLeaveDoNotTouchTheLeadersClaim()
    {
        var script = Hanging();
        await using var app = await StartAsync(script);
        var first = app.PostAsync("/orders", "k");
        await _entered.WaitAsync();
        var impatient = app.PostAsync("/orders", "k");
        await Waiting.UntilAsync(() => _store.Waits == 1);
        _clock.Advance(TimeSpan.FromSeconds(20));
        await (await impatient.Soon()).IsProblemAsync(409, "in-flight");
        using (var leaving = Wait(app))
        {
            await Waiting.UntilAsync(() => _store.Waits == 2);
            leaving.Abort();
        }

        await Waiting.UntilAsync(() => _store.WaitsCancelled == 1);

        // Without renewal, the leader's lease would have ended by now. If a waiter had released it, the next one would run now.
        var patient = app.PostAsync("/orders", "k");
        await Waiting.UntilAsync(() => _store.Waits == 3);
        _clock.Advance(TimeSpan.FromSeconds(19));
        Assert.That((patient.IsCompleted, script.Runs), Is.EqualTo((false, 1)));
        _release.Fire();

        await (await first.Soon()).IsRunAsync(1);
        await (await patient.Soon()).IsReplayOfAsync(1);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task OneTakesOverAfterEachFailureWhileTheOthersWaitOn()
    {
        var running = 0;
        var most = 0;
        var script = new Script(async (_, run) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            if (run == 1)
            {
                _entered.Fire();
                await _release.WaitAsync();
            }

            await Task.Yield();
            Interlocked.Decrement(ref running);
            return Script.Answer(run, run < 4 ? 500 : 201);
        });
        await using var app = await StartAsync(script);
        var first = app.PostAsync("/orders", "k");
        await _entered.WaitAsync();
        var waiters = Enumerable.Range(0, 20).Select(_ => app.PostAsync("/orders", "k")).ToArray();
        await Waiting.UntilAsync(() => _store.Waits == waiters.Length);
        _release.Fire();

        using var failed = await first.Soon();
        var responses = await Task.WhenAll(waiters).Soon();
        Assert.That(responses.Count(response => (int)response.StatusCode == 500), Is.EqualTo(2));
        await responses.Single(response => (int)response.StatusCode == 201 && !response.IsReplay()).IsRunAsync(4);
        Assert.That(responses.Count(response => response.IsReplay()), Is.EqualTo(17));
        Assert.That((script.Runs, most), Is.EqualTo((4, 1)));
    }

    private static RawConnection Wait(TestApp app)
    {
        var connection = new RawConnection(app.Address);
        connection.Send("POST /orders HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\nContent-Length: 0\r\n\r\n");
        return connection;
    }

    private Task<TestApp> StartAsync(Script script) => script.StartAsync<ConcurrencyController>(
        o => (o.WhenInFlight, o.WaitTimeout, o.Lease) = (InFlightBehavior.Wait, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(15)),
        _clock,
        _store);

    private Script Hanging() => new(async (_, run) =>
    {
        _entered.Fire();
        await _release.WaitAsync();
        return Script.Answer(run);
    });
}
