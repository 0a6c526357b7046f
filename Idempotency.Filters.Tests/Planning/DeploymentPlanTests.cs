using System.Buffers;
using Idempotency.Filters.Benchmarks.Planning;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Memory;
using Microsoft.Extensions.Logging.Abstractions;

namespace Idempotency.Filters.Tests.Planning;

/// <summary>The capacity that docs/deployment.md recommends, each figure worked out by hand.</summary>
[TestFixture, SetCulture("")]
public class DeploymentPlanTests
{
    private static readonly AnswerCost Kilobyte = new()
    {
        AnswerBytes = 1_000,
        RecordBytes = 1_100,
        MemoryBytes = 1_500,
        First = new(Commands: 2, CpuMicroseconds: 40, BytesIn: 1_600, BytesOut: 30),
        Replay = new(Commands: 1, CpuMicroseconds: 20, BytesIn: 200, BytesOut: 1_200),
    };

    private static readonly DeploymentPlan Day = new(FirstPerSecond: 10_000, TimeSpan.FromHours(24));

    [Test]
    public void RecordsLiveForTheirRetention()
    {
        Assert.That(Day.LiveRecords, Is.EqualTo(864_000_000));
        Assert.That((Day with { Retention = TimeSpan.FromMinutes(10) }).LiveRecords, Is.EqualTo(6_000_000));
    }

    [Test]
    public void RedisHoldsTheExpiredAsWell()
    {
        Assert.That(Day.AnswerBytes(Kilobyte), Is.EqualTo(864e9));
        Assert.That(Day.RedisBytes(Kilobyte), Is.EqualTo(864e6 / 0.9 * 1_500).Within(1));
    }

    [Test]
    public void RepeatsComeOnTop()
    {
        Assert.That(Day.Commands(Kilobyte), Is.EqualTo(21_000).Within(1e-6));
        Assert.That(Day.RedisCores(Kilobyte), Is.EqualTo(0.42).Within(1e-9));
        Assert.That(Day.BytesIn(Kilobyte), Is.EqualTo(16.2e6).Within(1));
        Assert.That(Day.BytesOut(Kilobyte), Is.EqualTo(1.5e6).Within(1));
    }

    [TestCase(200, 1_024, Description = "a small record counts as 512")]
    [TestCase(1_100, 1_612)]
    public void MemoryCountsAsTheStoreDoes(int recordBytes, int counted)
    {
        var cost = Kilobyte with { RecordBytes = recordBytes };
        Assert.That(MemoryPlan.BytesOf(cost), Is.EqualTo(counted));
        Assert.That(MemoryPlan.Capacity(new() { MaxBytes = 10 * counted }, cost), Is.EqualTo(10));
    }

    [Test]
    public void MemoryHoldsNoMoreEntriesThanItMay()
    {
        var bounds = new MemoryStoreOptions { MaxEntries = 3_600, MaxBytes = 1L << 40 };
        Assert.That(MemoryPlan.Capacity(bounds, Kilobyte), Is.EqualTo(3_600));
        Assert.That(MemoryPlan.MostPerSecond(bounds, Kilobyte, TimeSpan.FromHours(1)), Is.EqualTo(1));
    }

    // The plan copies how the store counts, so fill the store itself.
    [Test]
    public async Task AFullStoreHoldsWhatWasPlanned()
    {
        // Room for exactly 2,000 keys: if a key counted one byte more or less, another number would fit.
        var bounds = new MemoryStoreOptions { MaxBytes = 2_000 * 1_612 };
        var store = new MemoryIdempotencyStore(
            bounds, TimeProvider.System, NullLogger<MemoryIdempotencyStore>.Instance);
        var stored = 0;
        var record = new ReadOnlySequence<byte>(new byte[1_100]);
        while (await TryStoreAsync(store, $"key-{stored}", record))
            stored++;

        Assert.That(stored, Is.EqualTo(MemoryPlan.Capacity(bounds, Kilobyte)));
    }

    [Test]
    public void TheTablesAreInTheUnitsOfTheirHeads()
    {
        var page = new DeploymentPage([Kilobyte]);
        Assert.That(page.RecordTable().ToString(), Does.Contain("| 10,000 | 24 h | 864,000,000 | 864 GB | 1.4 TB |"));
        Assert.That(page.RecordTable().ToString(), Does.Contain("| 1,000 | 10 min | 600,000 | 600 MB | 1 GB |"));
        Assert.That(page.TrafficTable().ToString(), Does.Contain("| 100,000 | 1 KB | 210,000 | 4.20 | 162 MB | 15 MB |"));
        Assert.That(
            page.CostTable().ToString(),
            Does.Contain("| 1 KB | 1,100 B | 1,500 B | 2 | 40.0 us | 1,600 | 30 | 1 | 20.0 us | 200 | 1,200 |"));
        Assert.That(page.MemoryTable().ToString(), Does.Contain("| 1 KB | 1,612 B | 166,523 | 1.9 | 46.3 | 277.5 |"));
    }

    private static async Task<bool> TryStoreAsync(MemoryIdempotencyStore store, string key, ReadOnlySequence<byte> record)
    {
        try
        {
            using var result = await store.ClaimAsync(key, new() { Lease = TimeSpan.FromSeconds(30) }, CancellationToken.None);
            using var completion = await result.Claim!.CompleteAsync(record, TimeSpan.FromHours(1), CancellationToken.None);
            return completion.Outcome is CompletionOutcome.Stored;
        }
        catch (IdempotencyStoreFullException)
        {
            return false;
        }
    }
}
