using System.Buffers;
using Idempotency.Filters.Stores.Shared;

namespace Idempotency.Filters.Stores.Memory;

/// <summary>
/// A claim of the in-memory store; the object itself is the owner token. Its holder lives in this process, so nothing renews it: the end
/// of its lease is known from the start. The settable state is touched only under the lock of its shard.
/// </summary>
internal sealed class MemoryClaim : IdempotencyClaim
{
    private static readonly CancellationTokenSource AlreadyLost = Fired();

    private readonly MemoryShard _shard;
    private readonly TimeSpan _lease;
    private readonly TimeSpan? _refuseFor;
    private readonly byte[]? _previous;
    private CancellationTokenSource? _lost;

    public MemoryClaim(MemoryShard shard, MemoryEntry entry, long fencingToken, in ClaimOptions options, long now)
    {
        _shard = shard;
        Entry = entry;
        FencingToken = fencingToken;
        _previous = entry.Record;
        _lease = options.Lease;

        // Over a record there is no unknown outcome: the record stands.
        _refuseFor = options.WhenInterrupted == InterruptedBehavior.Block && _previous is null ? options.BlockFor : TimeSpan.Zero;
        LeaseEndsAt = options.RenewFor is null ? StoreClock.Never : StoreClock.After(StoreClock.After(now, options.RenewFor), _lease);
    }

    public MemoryEntry Entry { get; }

    public MemoryClaimPhase Phase { get; set; }

    public long LeaseEndsAt { get; private set; }

    /// <summary>Until when the key is interrupted; the end of the lease when it is not refused at all.</summary>
    public long RefusedUntil => StoreClock.After(LeaseEndsAt, _refuseFor);

    /// <summary>One lease longer than it counts, so that a late holder still finds its token and need not be told of a lost claim.</summary>
    public long KeptUntil => Math.Max(RefusedUntil, StoreClock.After(LeaseEndsAt, _lease));

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

    /// <summary>Safe under a lock: the callbacks of <see cref="Lost"/> run on the thread pool.</summary>
    public void Lose() => _ = Interlocked.CompareExchange(ref _lost, AlreadyLost, null)?.CancelAsync();

    private static CancellationTokenSource Fired()
    {
        var source = new CancellationTokenSource();
        source.Cancel();
        return source;
    }
}
