using System.Buffers;
using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Requests;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Records;

/// <summary>Converts records to what stores hold, and back: through the protector if there is one, otherwise unchanged.</summary>
/// <param name="protector">Null = store records unchanged.</param>
/// <param name="logger">Logs records that cannot be read.</param>
internal sealed class RecordProtection(IResponseRecordProtector? protector, ILogger logger)
{
    // More than Data Protection adds, so that its output fits without a second array.
    private const int RoomForOverhead = 256;

    /// <summary>Whether a protector binds records to their storage keys, so that nobody can read or make one without its key.</summary>
    public bool NeedsStorageKey => protector is not null;

    /// <summary>
    /// How many bytes of a record <see cref="TrySummarize"/> needs; null = all, since only whole records can be unprotected.
    /// </summary>
    public int? SummaryLength => protector is null ? ResponseRecordReader.FixedLength : null;

    /// <summary>
    /// How many bytes of a record <see cref="TryReadFingerprint"/> needs; 0 = it reads none, since only whole records can be unprotected.
    /// </summary>
    public int PreviewLength => protector is null ? ResponseRecordReader.PreviewLength : 0;

    /// <returns>
    /// The bytes to store: without a protector the record itself, otherwise a new array. That array is never pooled, because a store call
    /// that failed may still read it.
    /// </returns>
    public ReadOnlySequence<byte> Protect(string storageKey, in ReadOnlySequence<byte> record)
    {
        if (protector is null)
            return record;

        var stored = BufferFor(record.Length + RoomForOverhead);
        protector.Protect(storageKey, record, stored);
        return new(stored.WrittenMemory);
    }

    /// <summary>Reads what a store returned. Never throws, whatever the bytes are, but logs a record that cannot be read.</summary>
    /// <param name="storageKey">The key under which the bytes were found.</param>
    /// <param name="stored">The bytes. They must outlive the record, whose body may be a slice of them.</param>
    /// <param name="record">The record; the default if it cannot be read.</param>
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

    /// <summary>Reads which request a record answers. It cannot tell a record that is damaged further on.</summary>
    /// <param name="storageKey">The key under which the bytes were found.</param>
    /// <param name="beginning">The first <see cref="PreviewLength"/> bytes, or more.</param>
    /// <param name="fingerprint">That of the request.</param>
    public bool TryReadFingerprint(string storageKey, in ReadOnlySequence<byte> beginning, out Fingerprint fingerprint)
    {
        if (ResponseRecordReader.TryReadFingerprint(beginning, out fingerprint))
            return true;

        Log.RecordUnreadable(logger, null, new KeyHash(storageKey), "The beginning of the record cannot be read.");
        return false;
    }

    /// <summary>Reads what a list shows of a record. Never throws, and logs nothing: a list may hold many that cannot be read.</summary>
    /// <param name="storageKey">The key under which the bytes were found.</param>
    /// <param name="stored">The first <see cref="SummaryLength"/> bytes, or more.</param>
    /// <param name="summary">What the record says of itself.</param>
    public bool TrySummarize(string storageKey, ReadOnlyMemory<byte> stored, out RecordSummary summary)
    {
        summary = default;
        if (protector is null)
            return ResponseRecordReader.TryReadSummary(stored.Span, out summary);

        try
        {
            var plain = BufferFor(stored.Length);
            protector.Unprotect(storageKey, new(stored), plain);
            return ResponseRecordReader.TryReadSummary(plain.WrittenSpan, out summary);
        }
        catch (Exception)
        {
            return false;
        }
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
                "The protector failed: its key may be lost, or the record was damaged, moved, or written without protection.");
            return false;
        }
    }

    private static ArrayBufferWriter<byte> BufferFor(long length) => new((int)Math.Clamp(length, 1, Array.MaxLength));
}
