using System.Buffers;
using System.Buffers.Binary;

namespace Idempotency.Filters.Redis.Scripts;

/// <summary>A record as it is stored. The format is drawn in layout.lua; the sizes here are those of the names there.</summary>
internal static class RedisRecord
{
    public const byte Tag = (byte)'R';

    public const int TagSize = 1;
    public const int TokenSize = 16;
    public const int FencingSize = sizeof(long);

    /// <summary>Tag and owner token: what tells one claim, or its record, from every other.</summary>
    public const int IdentitySize = TagSize + TokenSize;

    /// <summary>What stands before the bytes of a record: tag, owner token, fencing token.</summary>
    public const int HeadSize = IdentitySize + FencingSize;

    /// <summary>
    /// An owner token that no other claim has, in any process: 122 random bits of the operating system, which a GUID brings at a fifth of
    /// the price of <c>RandomNumberGenerator</c>.
    /// </summary>
    public static byte[] NewToken() => Guid.NewGuid().ToByteArray();

    public static byte[] Write(byte[] token, long fencingToken, ReadOnlySequence<byte> record)
    {
        var value = GC.AllocateUninitializedArray<byte>(checked(HeadSize + (int)record.Length));
        value[0] = Tag;
        token.CopyTo(value, TagSize);
        BinaryPrimitives.WriteInt64LittleEndian(value.AsSpan(IdentitySize), fencingToken);
        record.CopyTo(value.AsSpan(HeadSize));
        return value;
    }

    /// <summary>The bytes of the record in what was read, which begins at <paramref name="start"/>. No copy.</summary>
    public static ReadOnlySequence<byte> Read(byte[] value, int start) => new(value, start + HeadSize, value.Length - start - HeadSize);
}
