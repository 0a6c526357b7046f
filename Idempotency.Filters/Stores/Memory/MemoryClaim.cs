using System.Buffers;
using Idempotency.Filters.Stores.Shared;

namespace Idempotency.Filters.Stores.Memory;

/// <summary>
/// A claim of the in-memory store. The object itself is the owner token. Its holder lives in this process, so nothing renews it: the end
/// of its lease is known from the start. Use the settable state only under the lock of the shard.
/// </summary>
internal sealed class MemoryClaim : IdempotencyClaim
{
    private static readonly CancellationTokenSource AlreadyLost = Fired();

    private readonly MemoryShard _shard;
    private readonly TimeSpan _lease;
    private readonly TimeSpan _blockFor;
    private readonly byte[]? _previous;
    private CancellationTokenSource? _lost;

    public MemoryClaim(MemoryShard shard, MemoryEntry entry, long fencingToken, in ClaimOptions options, long now)
    {
        _shard = shard;
        Entry = entry;
        FencingToken = fencingToken;
        _previous = entry.Record;
        _lease = options.Lease;
        ClaimedAt = now;

        // A claim over a record never blocks the key: the record still stands.
        _blockFor = options.WhenInterrupted == InterruptedBehavior.Block && _previous is null
            ? options.BlockFor ?? TimeSpan.MaxValue
            : TimeSpan.Zero;
        LeaseEndsAt = options.RenewFor is null ? StoreClock.Never : StoreClock.After(StoreClock.After(now, options.RenewFor), _lease);
    }

    public MemoryEntry Entry { get; }

    public MemoryClaimPhase Phase { get; set; }

    public long ClaimedAt { get; }

    public long LeaseEndsAt { get; private set; }

    /// <summary>The moment until which the key is interrupted. It is the end of the lease if the key is not blocked at all.</summary>
    public long BlockedUntil => StoreClock.After(LeaseEndsAt, _blockFor);

    /// <summary>At least one lease after the claim ended, so that a late holder still finds its token and its claim is not lost.</summary>
    public long KeptUntil => Math.Max(BlockedUntil, StoreClock.After(LeaseEndsAt, _lease));

    public override long? FencingToken { get; }

    public override ReadOnlySequence<byte>? PreviousRecord => _previous is null ? null : new ReadOnlySequence<byte>(_previous);

    public override CancellationToken Lost =>
        (_lost ?? Interlocked.CompareExchange(ref _lost, new(), null) ?? _lost).Token;

    public override ValueTask<Completion> CompleteAsync(
        ReadOnlySequence<byte> record, TimeSpan? retention, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<Completion>(cancellationToken);

        try
        {
            return new(_shard.Store.Complete(_shard, this, record.ToArray(), retention));
        }
        catch (IdempotencyStoreFullException full)
        {
            return ValueTask.FromException<Completion>(full);
        }
    }

    public override void Abandon() => _shard.Abandon(this);

    public override ValueTask DisposeAsync()
    {
        _shard.Release(this);
        return ValueTask.CompletedTask;
    }

    public void EndRenewal(long now) => LeaseEndsAt = Math.Min(LeaseEndsAt, StoreClock.After(now, _lease));

    /// <summary>Safe to call under a lock: the callbacks of <see cref="Lost"/> run on the thread pool.</summary>
    public void Lose() => _ = Interlocked.CompareExchange(ref _lost, AlreadyLost, null)?.CancelAsync();

    private static CancellationTokenSource Fired()
    {
        var source = new CancellationTokenSource();
        source.Cancel();
        return source;
    }
}
