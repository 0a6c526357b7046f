using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.DistributedCache;
using Idempotency.Filters.Tests.Records;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Time.Testing;
using Moq;

namespace Idempotency.Filters.Tests.Stores.DistributedCache;

/// <summary>What the store writes to the cache, and how it reads what is there.</summary>
internal sealed class CacheEnvelopeTests
{
    [Test]
    public async Task RecordWhoseLifetimeTheCacheLostCountsTenMinutesLongerAtMost()
    {
        var rig = new CacheRig(cacheClock: new FakeTimeProvider());
        await rig.CompleteKeyAsync("answer");

        rig.Clock.Advance(CacheRig.Retention + TimeSpan.FromMinutes(10) - TimeSpan.FromTicks(1));
        Assert.That(await rig.AnswerAsync(), Is.EqualTo("answer"));
        rig.Clock.Advance(TimeSpan.FromTicks(1));

        Assert.That(await rig.AnswerAsync(), Is.EqualTo("Acquired"));
    }

    [Test]
    public async Task MarkerWhoseLifetimeTheCacheLostCountsTenMinutesLongerAtMost()
    {
        var rig = new CacheRig(cacheClock: new FakeTimeProvider());
        await rig.AcquireAsync(CacheRig.Refused);

        rig.Clock.Advance(CacheRig.Lease + CacheRig.Retention + TimeSpan.FromMinutes(10) - TimeSpan.FromTicks(1));
        Assert.That(await rig.AnswerAsync(), Is.EqualTo("Interrupted"));
        rig.Clock.Advance(TimeSpan.FromTicks(1));

        Assert.That(await rig.AnswerAsync(), Is.EqualTo("Acquired"));
    }

    [Test]
    public async Task ProcessWhoseClockIsFastBelievesTheCache()
    {
        var rig = new CacheRig();
        await CacheRig.CompleteAsync(await rig.AcquireAsync(CacheRig.Held), "answer", TimeSpan.FromMinutes(1));
        var fast = new FakeTimeProvider();
        fast.Advance(TimeSpan.FromMinutes(5));
        var other = new CacheIdempotencyStore(
            rig.Inner, rig.Locks, CacheRig.OperationTimeout, fast, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);

        using var result = await other.ClaimAsync(CacheRig.Key, CacheRig.Held, CancellationToken.None);

        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Completed));
    }

    [Test]
    public async Task ValueThatCannotBeReadIsNotAFreeKey([Values] bool buffered, [Values(0, 4, 8, 9, 20, 33)] int damaged)
    {
        var rig = new CacheRig(buffered);
        await rig.CompleteKeyAsync("answer");
        var value = (await rig.Inner.GetAsync(CacheRig.Key))!;
        value[damaged] ^= 0x40;
        await rig.Inner.SetAsync(CacheRig.Key, value, new());

        await AssertUnreadableAsync(rig);
    }

    [TestCase(0)]
    [TestCase(33)]
    public async Task ValueThatIsTooShortIsNotAFreeKey(int length)
    {
        var rig = new CacheRig();
        await rig.CompleteKeyAsync("");
        var value = (await rig.Inner.GetAsync(CacheRig.Key))!;
        Assert.That(value, Has.Length.EqualTo(34));
        await rig.Inner.SetAsync(CacheRig.Key, value[..length], new());

        await AssertUnreadableAsync(rig);
    }

    [Test]
    public void VersionAndKindToComeAreUnreadable()
    {
        var envelope = new CacheEnvelope((CacheEntryKind)3, Guid.NewGuid(), null);

        using var unknown = envelope.Wrap(ReadOnlySequence<byte>.Empty);

        Assert.That(
            () => CacheEnvelope.Unwrap(unknown.Sequence, null),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("unknown kind 3"));
    }

    [TestCase(long.MinValue)]
    [TestCase(long.MaxValue - 1)]
    [TestCase(-62_135_596_800_001)]
    [TestCase(253_402_300_800_000)]
    public async Task TimeOutsideTheCalendarIsUnreadableToRequestsAndToOperators(long milliseconds)
    {
        var rig = new CacheRig();
        await rig.CompleteKeyAsync("answer");
        var value = (await rig.Inner.GetAsync(CacheRig.Key))!;
        BinaryPrimitives.WriteInt64LittleEndian(value.AsSpan(26), milliseconds);
        BinaryPrimitives.WriteUInt32LittleEndian(value.AsSpan(4), Crc32C.Of(new(value, 8, 26)));
        await rig.Inner.SetAsync(CacheRig.Key, value, new());

        await AssertUnreadableAsync(rig);
        var found = await rig.Store.FindAsync(CacheRig.Key.ToStorageKey(), default);
        Assert.That((found!.State, found.Record.IsEmpty), Is.EqualTo((ClaimOutcome.Completed, true)));
        Assert.That(await rig.Store.ResolveAsync(CacheRig.Key.ToStorageKey(), found, null, null, default), Is.True);
        Assert.That(await rig.AnswerAsync(), Is.EqualTo("Acquired"));
    }

    [TestCase(-62_135_596_800_000, ExpectedResult = "Acquired")]
    [TestCase(253_402_300_799_999, ExpectedResult = "answer")]
    [TestCase(long.MaxValue, ExpectedResult = "answer")]
    public async Task<string> FirstAndLastMomentOfTheCalendarAreRead(long milliseconds)
    {
        var rig = new CacheRig();
        await rig.CompleteKeyAsync("answer");
        var value = (await rig.Inner.GetAsync(CacheRig.Key))!;
        BinaryPrimitives.WriteInt64LittleEndian(value.AsSpan(26), milliseconds);
        BinaryPrimitives.WriteUInt32LittleEndian(value.AsSpan(4), Crc32C.Of(new(value, 8, 26)));
        await rig.Inner.SetAsync(CacheRig.Key, value, new());

        return await rig.AnswerAsync();
    }

    [TestCase("cache-record-v1.bin", (int)CacheEntryKind.Record, 1_767_323_045_678, "record")]
    [TestCase("cache-marker-v1.bin", (int)CacheEntryKind.Marker, null, "")]
    public void ValueOfVersion1StaysReadable(string file, int kind, long? expires, string record)
    {
        using var stream = typeof(ResponseRecordTests).Assembly.GetManifestResourceStream(typeof(ResponseRecordTests), "Golden." + file)!;
        var golden = new byte[stream.Length];
        stream.ReadExactly(golden);

        using var entry = CacheEnvelope.Unwrap(new(golden), null);
        using var again = entry.Envelope.Wrap(entry.Record);

        Assert.That((int)entry.Kind, Is.EqualTo(kind));
        Assert.That(entry.Envelope.Claim.ToByteArray(), Is.EqualTo(Enumerable.Range(1, 16)));
        Assert.That(entry.Envelope.Expires?.ToUnixTimeMilliseconds(), Is.EqualTo(expires));
        Assert.That(Encoding.ASCII.GetString(entry.Record), Is.EqualTo(record));
        Assert.That(again.Sequence.ToArray(), Is.EqualTo(golden));
    }

    [Test]
    public async Task LifetimesAreAbsolute([Values] bool buffered, [Values(1, 24, null)] int? hours)
    {
        var options = new List<DistributedCacheEntryOptions>();
        var cache = new Mock<IDistributedCache>();
        cache.Setup(c => c.SetAsync(It.IsAny<string>(), It.IsAny<byte[]>(), Moq.Capture.In(options), It.IsAny<CancellationToken>()))
            .Returns(Task.CompletedTask);
        if (buffered)
        {
            cache.As<IBufferDistributedCache>()
                .Setup(c => c.SetAsync(
                    It.IsAny<string>(), It.IsAny<ReadOnlySequence<byte>>(), Moq.Capture.In(options), It.IsAny<CancellationToken>()))
                .Returns(ValueTask.CompletedTask);
        }

        await SetAsync(cache.Object, hours is { } count ? TimeSpan.FromHours(count) : null);

        Assert.That(options.Single().AbsoluteExpirationRelativeToNow, Is.EqualTo(hours is { } some ? TimeSpan.FromHours(some) : null));
        Assert.That((options[0].SlidingExpiration, options[0].AbsoluteExpiration), Is.EqualTo(((TimeSpan?)null, (DateTimeOffset?)null)));
    }

    [Test]
    public async Task LifetimeBeyondTheCalendarIsForEver()
    {
        var rig = new CacheRig();

        await CacheRig.CompleteAsync(await rig.AcquireAsync(CacheRig.Held), "answer", TimeSpan.MaxValue);

        rig.Clock.Advance(TimeSpan.FromDays(100_000));
        Assert.That(await rig.AnswerAsync(), Is.EqualTo("answer"));
    }

    private static async Task SetAsync(IDistributedCache cache, TimeSpan? lifetime)
    {
        var entries = new CacheEntries(cache, new CallLimit(CacheRig.OperationTimeout, TimeProvider.System), TimeProvider.System);
        await entries.SetAsync(
            "key", CacheEntryKind.Record, Guid.NewGuid(), CacheRig.Bytes("record"), lifetime, call => Assert.Fail($"{call.Exception}"),
            CancellationToken.None);
    }

    private static async Task AssertUnreadableAsync(CacheRig rig)
    {
        Assert.That(() => rig.ClaimAsync(CacheRig.Held), Throws.TypeOf<InvalidDataException>());
        Assert.That(() => rig.ClaimAsync(CacheRig.Over), Throws.TypeOf<InvalidDataException>());
        await Waiting.UntilAsync(() => rig.Locks.Count == 0);
    }
}
