using System.Buffers;
using System.Text;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.DistributedCache;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Tests.Stores.DistributedCache;

/// <summary>
/// A cache-and-lock store that lets a test control every call. Cache and lock share one <see cref="Support.Chaos"/>, which orders their
/// calls.
/// </summary>
internal sealed class CacheRig
{
    public const string Key = "idempotency:caller:key";

    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan Retention = TimeSpan.FromHours(1);
    public static readonly TimeSpan OperationTimeout = TimeSpan.FromSeconds(5);

    private readonly LogSink _logs = new();

    public CacheRig(bool buffered = false, TimeSpan? operationTimeout = null, TimeProvider? cacheClock = null, TimeProvider? clock = null)
    {
        Inner = MemoryCaches.Create(cacheClock ?? Clock);
        Cache = buffered ? new ChaosBufferCache(Inner, Chaos) : new ChaosCache(Inner, Chaos);
        Lock = new ChaosLock(Locks, Chaos);
        Store = new CacheIdempotencyStore(
            Cache, Lock, operationTimeout ?? OperationTimeout, clock ?? Clock, _logs.CreateLogger("cache"));
    }

    public static ClaimOptions Held => new() { Lease = Lease };

    public static ClaimOptions Unrenewed => Held with { RenewFor = TimeSpan.Zero };

    public static ClaimOptions Refused => Unrenewed with { WhenInterrupted = InterruptedBehavior.Block, BlockFor = Retention };

    public static ClaimOptions Over => Held with { OverCompleted = true };

    public TestClock Clock { get; } = new() { PassInRealTime = TimeSpan.FromSeconds(1) };

    public Chaos Chaos { get; } = new();

    /// <summary>The cache behind the chaos.</summary>
    public IDistributedCache Inner { get; }

    public ChaosCache Cache { get; }

    /// <summary>The lock behind the chaos.</summary>
    public InProcessLock Locks { get; } = new();

    /// <summary>The same for a rig over a cache that reads and writes buffers.</summary>
    public ChaosBufferCache BufferCache => (ChaosBufferCache)Cache;

    public ChaosLock Lock { get; }

    public CacheIdempotencyStore Store { get; }

    public IEnumerable<int> Logged => _logs.Lines.Where(line => line.Level >= LogLevel.Warning).Select(line => line.Id.Id);

    public static ReadOnlySequence<byte> Bytes(string text) => new(Encoding.UTF8.GetBytes(text));

    public Task<ClaimResult> ClaimAsync(ClaimOptions options, CancellationToken cancellationToken = default) =>
        Store.ClaimAsync(Key, options, cancellationToken).AsTask();

    public async Task<IdempotencyClaim> AcquireAsync(ClaimOptions options)
    {
        var result = await ClaimAsync(options).Soon();
        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Acquired));
        return result.Claim!;
    }

    public async Task<ClaimOutcome> OutcomeAsync(ClaimOptions? options = null)
    {
        using var result = await ClaimAsync(options ?? Held).Soon();
        return result.Outcome;
    }

    /// <summary>What a claim of the key returns: its record, or the outcome.</summary>
    public async Task<string> AnswerAsync()
    {
        using var result = await ClaimAsync(Held).Soon();
        return result.Outcome == ClaimOutcome.Completed ? Encoding.UTF8.GetString(result.Record) : $"{result.Outcome}";
    }

    public static async Task<CompletionOutcome> CompleteAsync(IdempotencyClaim claim, string record, TimeSpan? retention = null)
    {
        using var completion = await claim.CompleteAsync(Bytes(record), retention ?? Retention, CancellationToken.None).AsTask().Soon();
        return completion.Outcome;
    }

    public async Task CompleteKeyAsync(string record) => await CompleteAsync(await AcquireAsync(Over), record);
}
