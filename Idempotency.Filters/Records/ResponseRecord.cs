using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Requests;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters.Records;

// A record, version 1. Integers are little-endian. A varint has 7 bits a byte, least significant first; the high bit means more follow.
//
//   offset  size
//        0     4  sentinel                 49 44 46 52, "IDFR"
//        4     4  CRC-32C                  of everything that follows
//        8     1  version                  1
//        9     1  flags                    RecordFlags; an unknown bit makes the record unreadable
//       10     2  status
//       12     8  created                  Unix milliseconds, signed
//       20     1  fingerprint: form        BodyForm; an unknown form makes the record unreadable
//       21    32  fingerprint: target      absent in a record that answers any request
//             32  fingerprint: body        only where the form is a hash: bytes, multipart or parsed form
//                 number of headers        varint
//                 headers, each:
//                   name                   1 byte: index into HeaderTable's names; 0 = literal
//                   values                 varint: how many; 0 = the action removed this header
//                   each value             1 byte: index into HeaderTable's values; 0 = literal
//                 a literal is             varint: length in bytes; then UTF-8
//                 body length              varint
//                 body                     up to the end
//
// Every later version keeps the sentinel, the CRC and the position of the version. Writers emit the oldest version that suffices, and
// readers accept all. A file of every version stays in the tests forever. In a rolling deployment, an older build answers 503 to what only
// a newer build knows. It never misreads it, and never runs the action.

/// <summary>The first response to a request, with the fingerprint of that request. To a store it is opaque bytes.</summary>
internal readonly struct ResponseRecord
{
    public required RecordFlags Flags { get; init; }

    public required int StatusCode { get; init; }

    /// <summary>When the response was recorded, to the millisecond.</summary>
    public required DateTimeOffset Created { get; init; }

    public required Fingerprint Fingerprint { get; init; }

    /// <summary>The headers that the action set. A header without values is one that it removed.</summary>
    public required IReadOnlyList<KeyValuePair<string, StringValues>> Headers { get; init; }

    /// <summary>In a record that was read: a slice of the bytes that were read, valid as long as they are.</summary>
    public ReadOnlySequence<byte> Body { get; init; }

    /// <summary>The bytes of this record. A large body is linked, not copied, so it must outlive them.</summary>
    /// <exception cref="ArgumentException">The body is larger than 2 GiB, or the status code is out of range.</exception>
    public RecordBuffer Write() => ResponseRecordWriter.Write(this);

    /// <summary>The same record without the response: retries get <c>not-replayable</c>.</summary>
    public ResponseRecord AsNotReplayable() => new()
    {
        Flags = RecordFlags.NotReplayable, StatusCode = StatusCode, Created = Created, Fingerprint = Fingerprint, Headers = [],
    };

    /// <summary>Never throws, whatever the bytes are.</summary>
    /// <param name="bytes">One whole record and nothing else.</param>
    /// <param name="record">The record; the default if it cannot be read.</param>
    /// <param name="error">Why it cannot be read, for logs.</param>
    public static bool TryRead(
        in ReadOnlySequence<byte> bytes, out ResponseRecord record, [NotNullWhen(false)] out string? error)
    {
        error = ResponseRecordReader.Read(bytes, out record) ?? RecordRules.Check(ref record);
        if (error is null)
            return true;

        record = default;
        return false;
    }
}
