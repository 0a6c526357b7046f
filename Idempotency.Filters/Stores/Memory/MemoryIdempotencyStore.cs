using System.Numerics;
using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.Memory;

/// <summary>
/// Keeps claims and records in the memory of one process, within the limits of <see cref="MemoryStoreOptions"/>. Every call completes
/// synchronously, except waiting.
/// </summary>
internal sealed partial class MemoryIdempotencyStore : IIdempotencyStore
{
    private readonly MemoryShard[] _shards;
    private long _lastNumber;

    public MemoryIdempotencyStore(MemoryStoreOptions options, TimeProvider timeProvider, ILogger<MemoryIdempotencyStore> logger)
    {
        Clock = new(timeProvider);
        Capacity = new(options, logger);
        _shards = new MemoryShard[(int)BitOperations.RoundUpToPowerOf2((uint)Environment.ProcessorCount * 4)];
        for (var i = 0; i < _shards.Length; i++)
            _shards[i] = new(this);
    }

    public StoreClock Clock { get; }

    public MemoryCapacity Capacity { get; }

    public ValueTask<ClaimResult> ClaimAsync(StorageKey key, ClaimOptions options, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<ClaimResult>(cancellationToken);

        try
        {
            return new(Claim(ShardOf(key.Value), key.Value, options, null));
        }
        catch (IdempotencyStoreFullException full)
        {
            return ValueTask.FromException<ClaimResult>(full);
        }
    }

    public ValueTask<ClaimResult> WaitAsync(StorageKey key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (timeout <= TimeSpan.Zero || cancellationToken.IsCancellationRequested)
            return ClaimAsync(key, options, cancellationToken);

        try
        {
            var shard = ShardOf(key.Value);
            var waiter = new MemoryWaiter(shard, options);
            var result = Claim(shard, key.Value, options, waiter);
            return result.Outcome == ClaimOutcome.InFlight ? waiter.WaitAsync(Clock, timeout, cancellationToken) : new(result);
        }
        catch (IdempotencyStoreFullException full)
        {
            return ValueTask.FromException<ClaimResult>(full);
        }
    }

    public Completion Complete(MemoryShard shard, MemoryClaim claim, byte[] record, TimeSpan? retention)
    {
        var completion = shard.Complete(claim, record, retention, out var refusal);
        if (refusal is not null || completion.Outcome == CompletionOutcome.TooLarge)
        {
            Purge();
            completion = shard.Complete(claim, record, retention, out refusal);
        }

        if (refusal is not null)
            throw Capacity.Refused(refusal);

        Capacity.WarnWhenNearlyFull();
        return completion;
    }

    /// <summary>Numbers claims (these are their fencing tokens) and records.</summary>
    public long NextNumber() => Interlocked.Increment(ref _lastNumber);

    /// <summary>Removes everything that has expired. A claim removes only a few entries, in its own shard.</summary>
    public void Purge()
    {
        foreach (var shard in _shards)
            shard.Purge();
    }

    private ClaimResult Claim(MemoryShard shard, string key, in ClaimOptions options, MemoryWaiter? waiter)
    {
        if (shard.TryClaim(key, options, waiter, out var result) is not null)
        {
            Purge();
            if (shard.TryClaim(key, options, waiter, out result) is { } refusal)
                throw Capacity.Refused(refusal);
        }

        Capacity.WarnWhenNearlyFull();
        return result;
    }

    private MemoryShard ShardOf(string key) => _shards[key.GetHashCode(StringComparison.Ordinal) & (_shards.Length - 1)];
}
