using System.Buffers;
using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Records;

/// <summary>Stands between records and their stores: lets them pass as they are, or sends them through the protector.</summary>
/// <param name="protector">Null = there is none.</param>
/// <param name="logger">Told of records that cannot be read.</param>
internal sealed class RecordProtection(IResponseRecordProtector? protector, ILogger logger)
{
    // More than Data Protection adds, so that its output needs no second array.
    private const int RoomForOverhead = 256;

    /// <returns>
    /// What to store: the record itself without a protector, otherwise bytes of its own, which belong to nobody's pool: a store call that
    /// failed may go on reading them.
    /// </returns>
    public ReadOnlySequence<byte> Protect(string storageKey, in ReadOnlySequence<byte> record)
    {
        if (protector is null)
            return record;

        var stored = BufferFor(record.Length + RoomForOverhead);
        protector.Protect(storageKey, record, stored);
        return new(stored.WrittenMemory);
    }

    /// <summary>Reads what a store gave. Never throws, whatever the bytes are; what cannot be read is logged.</summary>
    /// <param name="storageKey">The key under which they were found.</param>
    /// <param name="stored">The bytes. They must outlive the record, whose body may be a slice of them.</param>
    /// <param name="record">The record; its default where there is none.</param>
    public bool TryRead(string storageKey, in ReadOnlySequence<byte> stored, out ResponseRecord record)
    {
        record = default;
        if (!TryUnprotect(storageKey, stored, out var bytes))
            return false;
        if (ResponseRecord.TryRead(bytes, out record, out var problem))
            return true;

        Log.RecordUnreadable(logger, null, new KeyHash(storageKey), problem);
        return false;
    }

    private bool TryUnprotect(string storageKey, in ReadOnlySequence<byte> stored, out ReadOnlySequence<byte> bytes)
    {
        bytes = stored;
        if (protector is null)
            return true;

        try
        {
            var plain = BufferFor(stored.Length);
            protector.Unprotect(storageKey, stored, plain);
            bytes = new(plain.WrittenMemory);
            return true;
        }
        catch (Exception exception)
        {
            Log.RecordUnreadable(
                logger, exception, new KeyHash(storageKey),
                "The protector refused it: its key may be lost, or the record was damaged, moved, or written without protection.");
            return false;
        }
    }

    private static ArrayBufferWriter<byte> BufferFor(long length) => new((int)Math.Clamp(length, 1, Array.MaxLength));
}
