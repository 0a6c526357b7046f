using System.Buffers;
using System.Buffers.Binary;

namespace Idempotency.Filters.Redis.Internal;

/// <summary>A record as it is stored; look.lua tells the format.</summary>
internal static class RedisRecord
{
    public const byte Tag = (byte)'R';
    public const int TokenSize = 16;

    /// <summary>What stands before the record: tag, owner token, fencing token.</summary>
    public const int HeadSize = 1 + TokenSize + sizeof(long);

    /// <summary>
    /// An owner token that no other claim has, in any process: 122 random bits of the operating system, which a GUID brings at a fifth of the
    /// price of <c>RandomNumberGenerator</c>.
    /// </summary>
    public static byte[] NewToken() => Guid.NewGuid().ToByteArray();

    public static byte[] Write(byte[] token, long fencingToken, ReadOnlySequence<byte> record)
    {
        var value = GC.AllocateUninitializedArray<byte>(checked(HeadSize + (int)record.Length));
        value[0] = Tag;
        token.CopyTo(value, 1);
        BinaryPrimitives.WriteInt64LittleEndian(value.AsSpan(1 + TokenSize), fencingToken);
        record.CopyTo(value.AsSpan(HeadSize));
        return value;
    }

    /// <summary>The record in what was read, which begins at <paramref name="start"/>: no copy.</summary>
    public static ReadOnlySequence<byte> Read(byte[] value, int start) => new(value, start + HeadSize, value.Length - start - HeadSize);
}
