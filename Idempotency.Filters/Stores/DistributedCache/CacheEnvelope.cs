using System.Buffers;
using System.Buffers.Binary;
using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Stores.DistributedCache;

// A value in the cache, version 1. Integers are little-endian.
//
//   offset  size
//        0     4  sentinel    49 44 46 43, "IDFC"
//        4     4  CRC-32C     of the rest of the envelope; the record has its own
//        8     1  version     1
//        9     1  kind        CacheEntryKind
//       10    16  claim       random id of the claim that wrote the value
//       26     8  expires     Unix milliseconds, signed, by the clock of the process that wrote the value; 7F FF .. FF = never
//       34        record      up to the end; empty after a marker
//
// Every later version keeps the sentinel, the CRC and the position of the version.

/// <summary>What the store knows about a value in the cache without reading its record.</summary>
internal readonly record struct CacheEnvelope(CacheEntryKind Kind, Guid Claim, DateTimeOffset? Expires)
{
    private const uint Sentinel = 0x43464449;
    private const int SealedFrom = 8;
    private const byte Version = 1;
    private const int Length = 34;
    private const long Never = long.MaxValue;

    private static readonly long Earliest = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long Latest = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    public RecordBuffer Wrap(in ReadOnlySequence<byte> record)
    {
        var head = ArrayPool<byte>.Shared.Rent(Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head, Sentinel);
        head[8] = Version;
        head[9] = (byte)Kind;
        Claim.TryWriteBytes(head.AsSpan(10));
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(26), Expires?.ToUnixTimeMilliseconds() ?? Never);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(4), Seal(head));
        return new RecordBuffer(head, Length, record);
    }

    /// <exception cref="InvalidDataException">The value is damaged, has a later version, or was not written by this store.</exception>
    public static CacheEntry Unwrap(in ReadOnlySequence<byte> value, IDisposable? owner)
    {
        Span<byte> head = stackalloc byte[Length];
        if (value.Length < Length)
            throw Unreadable("is too short");

        value.Slice(0, Length).CopyTo(head);
        if (BinaryPrimitives.ReadUInt32LittleEndian(head) != Sentinel)
            throw Unreadable("was written by something else");
        if (BinaryPrimitives.ReadUInt32LittleEndian(head[4..]) != Seal(head))
            throw Unreadable("is damaged");
        if (head[8] != Version)
            throw Unreadable($"has version {head[8]}, which only a later release can read");

        var kind = (CacheEntryKind)head[9];
        if (!Enum.IsDefined(kind))
            throw Unreadable($"has the unknown kind {head[9]}");

        var expires = BinaryPrimitives.ReadInt64LittleEndian(head[26..]);
        if (expires != Never && (expires < Earliest || expires > Latest))
            throw Unreadable("expires outside the calendar");

        var envelope = new CacheEnvelope(
            kind,
            new Guid(head[10..26]),
            expires == Never ? null : DateTimeOffset.FromUnixTimeMilliseconds(expires));
        return new CacheEntry(envelope, value.Slice(Length), owner);
    }

    private static uint Seal(ReadOnlySpan<byte> head)
    {
        var crc = new Crc32C();
        crc.Append(head[SealedFrom..Length]);
        return crc.Value;
    }

    private static InvalidDataException Unreadable(string problem) =>
        new($"The cache value of an idempotency key {problem}. The key does not count as free, because the action may have run.");
}
