using System.Collections.Concurrent;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.Tests.Stores.Shared;

/// <summary>The renewal of leases for any store, with a store that answers as the test wants.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class LeaseRenewalTests : IDisposable
{
    private const int RanOut = 64;

    private static readonly ClaimOptions Options = new() { Lease = TimeSpan.FromSeconds(30) };

    private readonly FakeTimeProvider _clock = new();
    private readonly LogSink _logs = new();
    private readonly ILoggerFactory _loggers;
    private readonly LeaseRenewal _renewal;
    private readonly ConcurrentQueue<string> _renewed = [];
    private Func<RenewedLease, Task<RenewalAnswer>> _answer = _ => Task.FromResult(RenewalAnswer.Renewed);

    public LeaseRenewalTests()
    {
        _loggers = LoggerFactory.Create(logging => logging.AddProvider(_logs));
        _renewal = new(RenewAsync, _clock, _loggers.CreateLogger("leases"));
    }

    public void Dispose()
    {
        _renewal.Dispose();
        _loggers.Dispose();
    }

    [Test]
    public async Task LeaseIsRenewedAtAThirdOfItsLength()
    {
        var lease = Hold("key");

        Advance(TimeSpan.FromSeconds(9));
        Assert.That(lease.Renewal, Is.SameAs(Task.CompletedTask));
        Advance(TimeSpan.FromSeconds(1));
        await lease.Renewal.Soon();

        Assert.That(_renewed, Is.EqualTo(["key"]));
    }

    [Test]
    public async Task RenewedLeaseIsHeldForAsLongAsItIsRenewed()
    {
        var lease = Hold("key");

        await LetPassAsync(TimeSpan.FromMinutes(10), lease);

        Assert.That(lease.Lost.IsCancellationRequested, Is.False);
        Assert.That(_renewed, Has.Count.InRange(40, 60));
    }

    [Test]
    public async Task SlowRenewalDelaysNoOther()
    {
        var slow = Hold("slow");
        var quick = Hold("quick");
        var answered = new TaskCompletionSource<RenewalAnswer>();
        _answer = lease => lease == slow ? answered.Task : Task.FromResult(RenewalAnswer.Renewed);

        await LetPassAsync(TimeSpan.FromSeconds(29), quick);

        Assert.That(_renewed.Count(key => key == "slow"), Is.EqualTo(1));
        Assert.That(_renewed.Count(key => key == "quick"), Is.EqualTo(2));
        answered.SetResult(RenewalAnswer.Renewed);
        await slow.Renewal.Soon();
        Assert.That(slow.Lost.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task LeaseThatAnotherHasIsLostAndNoLongerRenewed()
    {
        _answer = _ => Task.FromResult(RenewalAnswer.Lost);
        var lease = Hold("key");

        await LetPassAsync(TimeSpan.FromMinutes(2), lease);

        await FiredAsync(lease);
        Assert.That(_renewed, Has.Count.EqualTo(1));
        Assert.That(_logs.Lines.Select(line => line.Id.Id), Does.Not.Contain(RanOut));
    }

    [Test]
    public async Task LeaseOfARecordIsNeitherLostNorRenewedAgain()
    {
        _answer = _ => Task.FromResult(RenewalAnswer.Completed);
        var lease = Hold("key");

        await LetPassAsync(TimeSpan.FromMinutes(2), lease);

        Assert.That(_renewed, Has.Count.EqualTo(1));
        Assert.That(lease.Lost.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task RenewalThatFailsIsRepeatedBeforeTheLeaseEnds()
    {
        var failures = 3;
        _answer = _ => failures-- > 0 ? throw new TimeoutException() : Task.FromResult(RenewalAnswer.Renewed);
        var lease = Hold("key");

        await LetPassAsync(TimeSpan.FromSeconds(45), lease);

        Assert.That(lease.Lost.IsCancellationRequested, Is.False);
        Assert.That(lease.InDoubt, Is.True);
    }

    [Test]
    public async Task LeaseThatNobodyConfirmsIsLostWhenItEndsAndTriedStill()
    {
        _answer = _ => throw new TimeoutException();
        var lease = Hold("key");

        await LetPassAsync(Options.Lease, lease);
        await FiredAsync(lease);
        Assert.That(_logs.Lines.Count(line => line.Id.Id == RanOut), Is.EqualTo(1));

        var tried = _renewed.Count;
        await LetPassAsync(Options.Lease, lease);
        Assert.That(_renewed, Has.Count.GreaterThan(tried));
    }

    [Test]
    public async Task RenewalStopsWhileARecordIsWrittenAndGoesOnWhenThatFailed()
    {
        var lease = Hold("key");

        Assert.That(_renewal.Remove(lease), Is.True);
        await LetPassAsync(TimeSpan.FromSeconds(20), lease);
        Assert.That(_renewed, Is.Empty);
        _renewal.Add(lease);
        await LetPassAsync(TimeSpan.FromSeconds(5), lease);

        Assert.That(_renewed, Is.EqualTo(["key"]));
        Assert.That(lease.Lost.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task LeaseIsNotRenewedForLongerThanItMayBe()
    {
        var lease = Hold("key", Options with { RenewFor = TimeSpan.FromSeconds(25) });

        await LetPassAsync(TimeSpan.FromMinutes(2), lease);

        await FiredAsync(lease);
        Assert.That(_renewed, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task ShortLeaseAmongLongOnesIsRenewedInTime()
    {
        Hold("long", Options with { Lease = TimeSpan.FromHours(1) });
        var lease = Hold("short", Options with { Lease = TimeSpan.FromSeconds(3) });

        await LetPassAsync(TimeSpan.FromSeconds(10), lease);

        Assert.That(lease.Lost.IsCancellationRequested, Is.False);
    }

    private RenewedLease Hold(string key, ClaimOptions? options = null)
    {
        var lease = new RenewedLease(key, [], options ?? Options, _renewal.Now);
        _renewal.Add(lease);
        return lease;
    }

    private async Task<RenewalAnswer> RenewAsync(RenewedLease lease)
    {
        _renewed.Enqueue(lease.Key);
        return await _answer(lease);
    }

    private void Advance(TimeSpan time) => _clock.Advance(time);

    /// <summary>In steps: after each of them the renewals of one lease that it began have ended.</summary>
    private async Task LetPassAsync(TimeSpan time, RenewedLease lease)
    {
        var step = TimeSpan.FromMilliseconds(250);
        for (var passed = TimeSpan.Zero; passed < time; passed += step)
        {
            _clock.Advance(step);
            await lease.Renewal.Soon();
        }
    }

    /// <summary>It fires on the thread pool.</summary>
    private static Task FiredAsync(RenewedLease lease) => Waiting.UntilAsync(() => lease.Lost.IsCancellationRequested);
}
