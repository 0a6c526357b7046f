using System.Buffers;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.DistributedCache;

namespace Idempotency.Filters.Tests.Stores.DistributedCache;

/// <summary>Pooled memory returns to the pool when nobody can use it any more, and not sooner.</summary>
[NonParallelizable]
internal sealed class CacheBufferTests
{
    [Test]
    public async Task BufferOfARecordGoesBackWithTheResult()
    {
        var rig = new CacheRig(buffered: true);
        await rig.CompleteKeyAsync("answer");
        using var pool = new PoolWatch();
        var result = await rig.ClaimAsync(CacheRig.Held);
        var arrays = PoolWatch.ArraysOf(result.Record);

        pool.Restart();
        result.Dispose();

        Assert.That(arrays, Has.Count.EqualTo(1));
        Assert.That(pool.SawEachOnce(arrays), Is.True);
    }

    [Test]
    public async Task BufferOfAnEntryThatIsNotAnAnswerGoesBack()
    {
        var rig = new CacheRig(buffered: true);
        await rig.AcquireAsync(CacheRig.Refused);
        rig.Clock.Advance(CacheRig.Lease);

        Assert.That(await rig.OutcomeAsync(), Is.EqualTo(ClaimOutcome.Interrupted));

        Assert.That(rig.BufferCache.Destinations.Select(destination => ((CacheBuffer)destination).Sequence.Length), Is.All.Zero);
    }

    [Test]
    public async Task BufferOfAWriteGoesBackAndThatOfOneThatGoesOnAloneDoesNot([Values] bool hangs)
    {
        var rig = new CacheRig(buffered: true);
        var claim = await rig.AcquireAsync(CacheRig.Held);
        if (hangs)
            rig.Chaos.Once("set", Fault.Hangs);
        using var pool = new PoolWatch();
        var completing = CacheRig.CompleteAsync(claim, "answer");
        rig.Clock.Advance(CacheRig.OperationTimeout);
        Assert.That(() => completing, hangs ? Throws.TypeOf<TimeoutException>() : Throws.Nothing);

        // Only the envelope: the caller owns the record after it.
        var envelope = PoolWatch.ArraysOf(rig.BufferCache.Sources.Single())[..1];
        Assert.That(pool.SawReturnOf(envelope), Is.Not.EqualTo(hangs));

        rig.Chaos.Resume();
        await Waiting.UntilAsync(() => rig.Inner.Get(CacheRig.Key) is not null);
        Assert.That(await rig.AnswerAsync(), Is.EqualTo("answer"), "what was written late is whole");
    }

    [Test]
    public async Task PreviousRecordOutlivesItsClaim()
    {
        var rig = new CacheRig(buffered: true);
        await rig.CompleteKeyAsync("previous");
        using var pool = new PoolWatch();
        var claim = await rig.AcquireAsync(CacheRig.Over);
        var arrays = PoolWatch.ArraysOf(claim.PreviousRecord!.Value);
        pool.Restart();

        await CacheRig.CompleteAsync(claim, "next");
        await claim.DisposeAsync();

        Assert.That(pool.SawNone(arrays), Is.True);
    }
}
