using System.Text;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.DistributedCache;

namespace Idempotency.Filters.Tests.Stores.DistributedCache;

/// <summary>Waiting for a key in a store that must be polled. Time stands still unless a test moves it.</summary>
internal sealed class CacheWaitTests
{
    private const int Crowd = 50;

    private TestClock _clock = null!;
    private CacheRig _rig = null!;
    private IdempotencyClaim _leader = null!;

    [SetUp]
    public async Task ClaimKey()
    {
        _clock = new();
        _rig = new(clock: _clock);
        _leader = await _rig.AcquireAsync(CacheRig.Held);
        _rig.Chaos.Forget();
    }

    [Test]
    public async Task CrowdAsksTogether()
    {
        var waiters = Enumerable.Range(0, Crowd).Select(_ => Wait()).ToArray();
        await Waiting.UntilAsync(() => _rig.Chaos.Count("lock") > 0);
        await CacheRig.CompleteAsync(_leader, "answer");

        var results = await LetTimePassUntilAsync(Task.WhenAll(waiters));

        Assert.That(results.Select(result => Encoding.UTF8.GetString(result.Record)), Is.All.EqualTo("answer"));
        Assert.That(_rig.Chaos.Count("get"), Is.LessThan(Crowd / 2));
    }

    [Test]
    public async Task FailureReachesAllAndTheNextWaitAsksAnew()
    {
        var waiters = Enumerable.Range(0, 3).Select(_ => Wait()).ToArray();
        await Waiting.UntilAsync(() => _rig.Chaos.Count("lock") > 0);
        _rig.Chaos.On = call => call == "get" ? Fault.Fails : Fault.None;
        foreach (var waiter in waiters)
            Assert.That(() => LetTimePassUntilAsync(waiter), Throws.TypeOf<IOException>());

        _rig.Chaos.On = null;
        await CacheRig.CompleteAsync(_leader, "answer");

        using var result = await Wait().Soon();
        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Completed));
    }

    [Test]
    public async Task AskingEndsWithTheLastWaiter()
    {
        using var leaving = new CancellationTokenSource();
        var waiter = Wait(leaving.Token);
        await Waiting.UntilAsync(() => _rig.Chaos.Count("lock") > 0);

        await leaving.CancelAsync();

        Assert.That(() => waiter.Soon(), Throws.InstanceOf<OperationCanceledException>());
        await Waiting.UntilAsync(() => _clock.ActiveTimers == 0);
    }

    [Test]
    public void PausesGrowAndDifferAndStayBelowASecond()
    {
        var watch = new CacheWatch(_rig.Store, CacheRig.Key, _clock);
        var pauses = Enumerable.Range(0, 20).Select(_ => PauseOf(watch)).ToList();

        Assert.That(pauses[0], Is.LessThan(pauses.Skip(5).Min()));
        Assert.That(pauses, Is.All.LessThan(1000));
        Assert.That(pauses.Skip(5).Distinct().Count(), Is.GreaterThan(1), "processes that wait for the same key are not to ask in step");
    }

    private int PauseOf(CacheWatch watch)
    {
        var timers = _clock.ActiveTimers;
        _ = watch.ChangedAsync(new TaskCompletionSource().Task);
        var pause = 0;
        for (; _clock.ActiveTimers > timers; pause++)
            _clock.Advance(TimeSpan.FromMilliseconds(1));
        return pause;
    }

    private Task<ClaimResult> Wait(CancellationToken cancellationToken = default) =>
        _rig.Store.WaitAsync(CacheRig.Key, CacheRig.Held, TimeSpan.FromDays(1), cancellationToken).AsTask();

    private async Task<T> LetTimePassUntilAsync<T>(Task<T> task)
    {
        await Waiting.UntilAsync(() =>
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            return task.IsCompleted;
        });
        return await task;
    }
}
