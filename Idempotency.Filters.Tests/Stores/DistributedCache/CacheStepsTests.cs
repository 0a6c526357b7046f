using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Tests.Stores.DistributedCache;

/// <summary>Which calls to the cache and the lock each request makes, over both kinds of caches.</summary>
[TestFixture(false)]
[TestFixture(true)]
internal sealed class CacheStepsTests(bool buffered)
{
    private CacheRig _rig = null!;

    [SetUp]
    public void Create() => _rig = new(buffered);

    [Test]
    public async Task FirstRequestGetsLocksGetsSetsAndUnlocks()
    {
        await CacheRig.CompleteAsync(await _rig.AcquireAsync(CacheRig.Held), "answer");

        Assert.That(_rig.Chaos.Calls, Is.EqualTo("get lock get set unlock"));
    }

    [Test]
    public async Task FirstRequestUnderRefuseSetsAMarkerAsWell()
    {
        await CacheRig.CompleteAsync(await _rig.AcquireAsync(CacheRig.Refused), "answer");

        Assert.That(_rig.Chaos.Calls, Is.EqualTo("get lock get set set unlock"));
    }

    [Test]
    public async Task ReplayGets()
    {
        await _rig.CompleteKeyAsync("answer");
        _rig.Chaos.Forget();

        Assert.That(await _rig.AnswerAsync(), Is.EqualTo("answer"));
        Assert.That(_rig.Chaos.Calls, Is.EqualTo("get"));
    }

    [Test]
    public async Task RequestInFlightGetsAndTriesTheLock()
    {
        await _rig.AcquireAsync(CacheRig.Held);
        _rig.Chaos.Forget();

        Assert.That(await _rig.OutcomeAsync(), Is.EqualTo(ClaimOutcome.InFlight));
        Assert.That(_rig.Chaos.Calls, Is.EqualTo("get lock"));
    }

    [Test]
    public async Task ReleaseUnlocks()
    {
        var claim = await _rig.AcquireAsync(CacheRig.Held);
        _rig.Chaos.Forget();

        await claim.DisposeAsync();

        Assert.That(_rig.Chaos.Calls, Is.EqualTo("unlock"));
    }

    [Test]
    public async Task ReleaseUnderRefuseTakesTheMarkerAwayFirst()
    {
        var claim = await _rig.AcquireAsync(CacheRig.Refused);
        _rig.Chaos.Forget();

        await claim.DisposeAsync();

        Assert.That(_rig.Chaos.Calls, Is.EqualTo("get remove unlock"));
    }

    [Test]
    public async Task ClaimOverARecordDoesNotLookBeforeItHasTheLock()
    {
        await _rig.CompleteKeyAsync("previous");
        _rig.Chaos.Forget();

        await CacheRig.CompleteAsync(await _rig.AcquireAsync(CacheRig.Over with { WhenInterrupted = InterruptedBehavior.Block }), "next");

        Assert.That(_rig.Chaos.Calls, Is.EqualTo("lock get set unlock"), "no marker hides the record");
    }

    [Test]
    public async Task RecordThatCameBetweenLookAndLockIsAnswered()
    {
        // Another process completes the key while this one asks for the lock.
        var record = Array.Empty<byte>();
        await _rig.CompleteKeyAsync("answer");
        record = (await _rig.Inner.GetAsync(CacheRig.Key))!;
        await _rig.Inner.RemoveAsync(CacheRig.Key);
        _rig.Chaos.Forget();
        _rig.Chaos.On = call =>
        {
            if (call == "lock")
                _rig.Inner.Set(CacheRig.Key, record, new());
            return Fault.None;
        };

        Assert.That(await _rig.AnswerAsync(), Is.EqualTo("answer"));
        Assert.That(_rig.Chaos.Calls, Is.EqualTo("get lock get unlock"));
    }

    [Test]
    public async Task LockHasANameOfItsOwnBesideTheKey()
    {
        await _rig.AcquireAsync(CacheRig.Held);

        Assert.That(_rig.Lock.Names, Is.EqualTo(["idempotency:caller:key:lock"]));
    }
}
