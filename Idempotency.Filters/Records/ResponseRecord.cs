using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Requests;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters.Records;

// A record, version 1. Integers are little-endian; varint = 7 bits a byte, least significant first, high bit = more follows.
//
//   offset  size
//        0     4  sentinel                 49 44 46 52, "IDFR"
//        4     4  CRC-32C                  of everything that follows
//        8     1  version                  1
//        9     1  flags                    RecordFlags; a bit that is not known makes the record unreadable
//       10     2  status
//       12     8  created                  Unix milliseconds, signed
//       20    32  fingerprint: target
//       52     1  fingerprint: body form   BodyForm; one that is not known makes the record unreadable
//       53    32  fingerprint: body        zero without a body form
//       85     4  number of headers
//       89     4  body length
//       93        headers, each:
//                   name                   1 byte: index into HeaderTable's names; 0 = literal
//                   values                 varint: how many; 0 = the action removed this header
//                   each value             1 byte: index into HeaderTable's values; 0 = literal
//                 where a literal is       varint: length in bytes; UTF-8
//                 body                     to the very end
//
// The sentinel, the CRC and the place of the version are those of every version to come. Writers emit the oldest version that suffices;
// readers accept all. A file of every version stays in the tests for ever. In a rolling deployment an older build refuses, with 503, what
// only the newer one knows: it never takes it for something else, and never runs the action.

/// <summary>The first answer to a request, and which request that was: what a store keeps, without knowing what it is.</summary>
internal readonly struct ResponseRecord
{
    public required RecordFlags Flags { get; init; }

    public required int StatusCode { get; init; }

    /// <summary>To the millisecond.</summary>
    public required DateTimeOffset Created { get; init; }

    public required Fingerprint Fingerprint { get; init; }

    /// <summary>What the action set; a header without values is one that it removed.</summary>
    public required IReadOnlyList<KeyValuePair<string, StringValues>> Headers { get; init; }

    /// <summary>A read record's body is a slice of the bytes that were read, and as long-lived.</summary>
    public ReadOnlySequence<byte> Body { get; init; }

    /// <summary>The bytes of this record, with its body linked in, not copied.</summary>
    /// <exception cref="ArgumentException">The body is longer than 2 GiB, or the status is none.</exception>
    public RecordBuffer Write() => ResponseRecordWriter.Write(this);

    /// <summary>The same without the answer: retries are told that it was not kept.</summary>
    public ResponseRecord AsNotReplayable() => new()
    {
        Flags = RecordFlags.NotReplayable, StatusCode = StatusCode, Created = Created, Fingerprint = Fingerprint, Headers = [],
    };

    /// <summary>Never throws, whatever the bytes are.</summary>
    /// <param name="bytes">One whole record, and nothing else.</param>
    /// <param name="record">The record; its default where there is none.</param>
    /// <param name="error">Why the bytes are none; for logs.</param>
    public static bool TryRead(
        in ReadOnlySequence<byte> bytes, out ResponseRecord record, [NotNullWhen(false)] out string? error)
    {
        error = ResponseRecordReader.Read(bytes, out record);
        return error is null;
    }
}
