using System.Buffers;
using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Tests.Primitives;

[NonParallelizable]
internal sealed class PooledBufferTests
{
    [Test]
    public void NothingIsHeldAtFirst()
    {
        var body = new PooledBuffer();

        Assert.That((body.Length, body.Sequence.IsEmpty), Is.EqualTo((0L, true)));
    }

    [TestCase(1)]
    [TestCase(4096)]
    [TestCase(4097)]
    [TestCase(100_000)]
    [TestCase(1_500_000)]
    public void WhatWasAppendedComesBackInOrder(int length)
    {
        var body = new PooledBuffer();
        var bytes = Filled(length);
        for (var at = 0; at < length; at += 777)
            body.Append(bytes.AsSpan(at, Math.Min(777, length - at)));

        Assert.That(body.Length, Is.EqualTo(length));
        Assert.That(body.Sequence.ToArray(), Is.EqualTo(bytes));
        body.Release();
    }

    [Test]
    public void HintsOfAnySizeAreMetAndLeaveNoGap()
    {
        var body = new PooledBuffer();
        var expected = new MemoryStream();
        foreach (var size in new[] { 0, 1, 5000, 3, 200_000, 0, 4096, 70_000 })
        {
            Assert.That(body.GetMemory(size).Length, Is.GreaterThanOrEqualTo(Math.Max(size, 1)));
            Filled(size).CopyTo(body.GetMemory(size));
            body.Advance(size);
            expected.Write(Filled(size));
        }

        Assert.That(body.Sequence.ToArray(), Is.EqualTo(expected.ToArray()));
        body.Release();
    }

    [Test]
    public void SequenceCanBeTakenAgainAfterMoreWasAppended()
    {
        var body = new PooledBuffer();
        body.Append("one "u8);
        var early = body.Sequence;
        body.Append("two"u8);

        Assert.That((early.ToArray(), body.Sequence.ToArray()), Is.EqualTo(("one "u8.ToArray(), "one two"u8.ToArray())));
        body.Release();
    }

    [Test]
    public void AdvancingPastTheMemoryIsRefused()
    {
        var body = new PooledBuffer();

        Assert.That(() => body.Advance(1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        var free = body.GetMemory(10).Length;
        Assert.That(() => body.Advance(free + 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => body.Advance(-1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(body.Length, Is.Zero);
        body.Release();
    }

    [Test]
    public void EverySegmentGoesBackToThePoolOnce()
    {
        var body = new PooledBuffer();
        body.Append(Filled(300_000));
        using var pool = new PoolWatch();
        var arrays = PoolWatch.ArraysOf(body.Sequence);
        body.Release();
        body.Release();

        Assert.That(arrays, Has.Count.GreaterThan(3));
        Assert.That(pool.SawEachOnce(arrays));
    }

    [Test]
    public void ReleasedBodyHoldsNothingAndCanHoldAgain()
    {
        var body = new PooledBuffer();
        body.Append(Filled(10_000));
        body.Release();
        Assert.That((body.Length, body.Sequence.IsEmpty), Is.EqualTo((0L, true)));

        body.Append("again"u8);
        Assert.That(body.Sequence.ToArray(), Is.EqualTo("again"u8.ToArray()));
        body.Release();
    }

    private static byte[] Filled(int length) => [.. Enumerable.Range(0, length).Select(value => (byte)(value % 251))];
}
