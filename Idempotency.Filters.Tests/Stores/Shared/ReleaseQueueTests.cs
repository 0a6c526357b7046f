using System.Collections.Concurrent;
using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.Tests.Stores.Shared;

/// <summary>Claims that are given up in any store, with a store that answers as the test wants.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ReleaseQueueTests : IDisposable
{
    private const int Failed = 66;
    private const int GivenUp = 67;
    private const int Dropped = 69;
    private const int Left = 70;

    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _clock = new();
    private readonly LogSink _logs = new();
    private readonly ILoggerFactory _loggers;
    private readonly ReleaseQueue _queue;
    private readonly ConcurrentQueue<string> _sent = [];
    private volatile bool _away;

    public ReleaseQueueTests()
    {
        _loggers = LoggerFactory.Create(logging => logging.AddProvider(_logs));
        _queue = new(ReleaseAsync, exception => exception is TimeoutException, _clock, _loggers.CreateLogger("releases"));
    }

    public void Dispose()
    {
        _queue.Dispose();
        _loggers.Dispose();
    }

    [Test]
    public async Task ReleaseIsSentAtOnceAndOnce()
    {
        await GiveUpAsync("key");
        await LetPassAsync(TimeSpan.FromMinutes(1));

        Assert.That(_sent, Is.EqualTo(["key"]));
    }

    [Test]
    public async Task ReleaseInDoubtIsRepeatedAtGrowingPausesForHalfAMinute()
    {
        var began = _clock.GetUtcNow();
        await GiveUpAsync("key", inDoubt: true);

        await LetPassAsync(TimeSpan.FromSeconds(36), () => _sent.Count == 8);

        Assert.That(_clock.GetUtcNow() - began, Is.InRange(TimeSpan.FromSeconds(31), TimeSpan.FromSeconds(35)));
        await LetPassAsync(TimeSpan.FromMinutes(1));
        Assert.That(_sent, Has.Count.EqualTo(8));
    }

    [Test]
    public async Task ReleaseThatFailsIsRepeatedUntilTheStoreIsBack()
    {
        _away = true;
        await GiveUpAsync("key");
        await LetPassAsync(TimeSpan.FromMinutes(2));
        Assert.That(Count(Failed), Is.EqualTo(1));

        _away = false;
        await LetPassAsync(TimeSpan.FromSeconds(6), () => Answered("key"));

        Assert.That(Answered("key"));
        Assert.That(Count(GivenUp), Is.Zero);
    }

    [Test]
    public async Task ReleaseThatIsNeverAnsweredIsGivenUpAfterFiveMinutesOrALease([Values(1, 20)] int minutes)
    {
        _away = true;
        await GiveUpAsync("key", lease: TimeSpan.FromMinutes(minutes));
        var patience = TimeSpan.FromMinutes(Math.Max(minutes, 5));

        await LetPassAsync(patience - TimeSpan.FromSeconds(10), step: TimeSpan.FromSeconds(5));
        Assert.That(Count(GivenUp), Is.Zero);
        await LetPassAsync(TimeSpan.FromSeconds(30), () => Count(GivenUp) == 1);

        Assert.That(Count(GivenUp), Is.EqualTo(1));
    }

    [Test]
    public async Task ReleaseThatTheStoreRefusesIsGivenUpAtOnce()
    {
        await _queue.ReleaseAsync(LeaseOf("refused", Lease), granted: true, inDoubt: false);

        Assert.That(Count(GivenUp), Is.EqualTo(1));
        // No drain waits for it.
        await DrainedAsync(TimeSpan.Zero);
    }

    [Test]
    public async Task ClaimThatSurelyStandsIsReleasedFirst()
    {
        _away = true;
        for (var number = 0; number < 150; number++)
            await GiveUpAsync($"perhaps {number}", granted: false, inDoubt: true);
        await GiveUpAsync("surely");
        // All of them are due, and more than are sent at once.
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        _away = false;
        _sent.Clear();

        await LetPassAsync(TimeSpan.FromSeconds(10), () => Answered("perhaps 149"));

        Assert.That(_sent.First(), Is.EqualTo("surely"));
    }

    [Test]
    public async Task LongOutageLeavesNoMoreBehindThanThereIsRoomForAndWhatSurelyStandsStays()
    {
        _away = true;
        await Task.WhenAll(Enumerable.Range(0, ReleaseQueue.Capacity + 500).Select(number => GiveUpAsync($"{number}", granted: false)));
        await GiveUpAsync("surely");
        Assert.That(Count(Dropped), Is.EqualTo(1));
        _away = false;
        _sent.Clear();

        await DrainedAsync(TimeSpan.FromMinutes(5));

        Assert.That(_sent, Has.Count.EqualTo(ReleaseQueue.Capacity));
        Assert.That(_sent, Does.Contain("surely"));
    }

    [Test]
    public async Task DrainWaitsForNoPause()
    {
        _away = true;
        await GiveUpAsync("key");
        await LetPassAsync(TimeSpan.FromMinutes(1));
        _away = false;

        // The pause is five seconds by now.
        await DrainedAsync(TimeSpan.FromSeconds(1));

        Assert.That(Answered("key"));
    }

    [Test]
    public async Task DrainEndsWhenTheTimeIsUpAndCountsWhatIsLeft()
    {
        _away = true;
        await GiveUpAsync("key");
        using var timeIsUp = new CancellationTokenSource();
        var draining = _queue.DrainAsync(timeIsUp.Token);
        Assert.That(draining.IsCompleted, Is.False);

        await timeIsUp.CancelAsync();
        await draining.Soon();

        Assert.That(Count(Left), Is.EqualTo(1));
    }

    private Task GiveUpAsync(string key, bool granted = true, bool inDoubt = false, TimeSpan? lease = null) =>
        _queue.ReleaseAsync(LeaseOf(key, lease ?? Lease), granted, inDoubt);

    private static RenewedLease LeaseOf(string key, TimeSpan length) => new(key, [], new() { Lease = length }, 0);

    private bool Answered(string key) => !_away && _sent.Contains(key);

    private int Count(int id) => _logs.Lines.Count(line => line.Id.Id == id);

    private Task ReleaseAsync(PendingRelease release, CancellationToken cancellationToken)
    {
        if (release.Lease.Key == "refused")
            throw new InvalidOperationException();

        if (!_away)
            _sent.Enqueue(release.Lease.Key);
        return _away ? Task.FromException(new TimeoutException()) : Task.CompletedTask;
    }

    private async Task DrainedAsync(TimeSpan within)
    {
        var draining = _queue.DrainAsync(CancellationToken.None);
        await LetPassAsync(within, () => draining.IsCompleted);
        Assert.That(draining.IsCompleted);
    }

    /// <summary>In steps, and between them the queue has its turn.</summary>
    private async Task LetPassAsync(TimeSpan time, Func<bool>? until = null, TimeSpan? step = null)
    {
        var pause = step ?? TimeSpan.FromMilliseconds(250);
        for (var passed = TimeSpan.Zero; passed < time && until?.Invoke() != true; passed += pause)
        {
            _clock.Advance(pause);
            for (var turn = 0; turn < 5; turn++)
                await Task.Yield();
            await Task.Delay(1);
        }
    }
}
