using System.Buffers;
using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Records;
using Idempotency.Filters.Stores;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Engine;

/// <summary>
/// The memory of the records that wait in the background for the store, within <see cref="IdempotencyOptions.MaxPendingBytes"/>. No record
/// is dropped: its action has run. Beyond the limit it shrinks, and beyond twice the limit no action begins whose record might wait too.
/// </summary>
internal sealed class PendingRecords(
    IOptions<IdempotencyOptions> options, IdempotencyMetrics metrics, ILogger<IdempotencyEngine> logger)
{
    /// <summary>What a record takes besides its bytes, in bytes: its claim, its task and its timer.</summary>
    public const int Overhead = 2 * 1024;

    // Of a smaller record, little would be saved, and its answer would be lost.
    private const int SmallRecord = 1024;

    private readonly long _limit = options.Value.MaxPendingBytes;
    private long _bytes;

    public IdempotencyStoreFullException? Overload
    {
        get
        {
            var bytes = Volatile.Read(ref _bytes);
            return bytes / 2 <= _limit ? null : new IdempotencyStoreFullException(
                $"{bytes:N0} bytes of records wait in memory for the store, more than twice "
                + $"{nameof(IdempotencyOptions)}.{nameof(IdempotencyOptions.MaxPendingBytes)} ({_limit:N0}), so no action begins that "
                + "needs another one. See why the store or the protector fails (event 8).");
        }
    }

    /// <returns>A copy of the record, for the background; beyond the limit one without its response.</returns>
    public byte[] Add(ActiveClaim claim, in ReadOnlySequence<byte> record)
    {
        // Counted first: of many records that come at once, those that find no room left shrink.
        var isBeyond = Count(OverheadOf(claim) + record.Length) > _limit;
        var kept = isBeyond && record.Length > SmallRecord ? Shrink(claim, record) : record.ToArray();
        Count(kept.Length - record.Length);
        metrics.PendingChanged(claim.Store, 1, OverheadOf(claim) + kept.Length);
        return kept;
    }

    public void Remove(ActiveClaim claim, byte[] kept)
    {
        Count(-(OverheadOf(claim) + kept.Length));
        metrics.PendingChanged(claim.Store, -1, -(OverheadOf(claim) + kept.Length));
    }

    // A claim that was made over a record holds that, too.
    private static long OverheadOf(ActiveClaim claim) => Overhead + (claim.Claim.PreviousRecord?.Length ?? 0);

    private byte[] Shrink(ActiveClaim claim, in ReadOnlySequence<byte> record)
    {
        if (!ResponseRecord.TryRead(record, out var whole, out _) || whole.Flags is not RecordFlags.None)
            return record.ToArray();

        Log.NotReplayable(logger, claim.KeyHash, "too many records wait for the store, see MaxPendingBytes");
        using var small = whole.AsNotReplayable().Write();
        return small.Sequence.ToArray();
    }

    private long Count(long bytes) => Interlocked.Add(ref _bytes, bytes);
}
