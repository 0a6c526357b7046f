using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Requests;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters.Records;

/// <summary>Writes the format that is drawn above <see cref="ResponseRecord"/>, in the oldest version that suffices.</summary>
internal ref struct ResponseRecordWriter
{
    internal const uint Sentinel = 0x52464449;
    internal const int SealedFrom = 8;
    internal const int VersionAt = 8;

    /// <summary>The newest version that this build reads. It writes that version only if a record needs it.</summary>
    internal const byte NewestVersion = 1;

    private const int MaxVarint = 5;

    // Copying a body up to this size costs less than the objects that would link it.
    private const int LargestCopiedBody = 4 * 1024;

    private readonly Span<byte> _buffer;
    private int _length;
    private byte _version = 1;

    private ResponseRecordWriter(Span<byte> buffer) => _buffer = buffer;

    public static RecordBuffer Write(in ResponseRecord record)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(record.Body.Length, int.MaxValue, nameof(record));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)record.StatusCode, ushort.MaxValue, nameof(record));

        var isSmall = record.Body.Length <= LargestCopiedBody;
        var head = ArrayPool<byte>.Shared.Rent(MaxHeadLength(record) + (isSmall ? (int)record.Body.Length : 0));
        try
        {
            var writer = new ResponseRecordWriter(head);
            writer.WriteFixed(record);
            writer.WriteFingerprint(record.Fingerprint);
            writer.WriteVarint(record.Headers.Count);
            for (var i = 0; i < record.Headers.Count; i++)
                writer.WriteHeader(record.Headers[i].Key, record.Headers[i].Value);
            writer.WriteVarint((int)record.Body.Length);

            var linked = record.Body;
            if (isSmall)
            {
                record.Body.CopyTo(writer.Take((int)record.Body.Length));
                linked = ReadOnlySequence<byte>.Empty;
            }

            head[VersionAt] = writer._version;
            var crc = new Crc32C();
            crc.Append(head.AsSpan(SealedFrom..writer._length));
            crc.Append(linked);
            BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(4), crc.Value);
            return new RecordBuffer(head, writer._length, linked);
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(head);
            throw;
        }
    }

    private static int MaxHeadLength(in ResponseRecord record)
    {
        // The two hashes, and the two numbers around the headers.
        var length = ResponseRecordReader.FixedLength + (2 * SHA256.HashSizeInBytes) + (2 * MaxVarint);
        for (var i = 0; i < record.Headers.Count; i++)
        {
            var (name, values) = record.Headers[i];
            length = checked(length + MaxLiteral(name) + MaxVarint);
            foreach (var value in values)
                length = checked(length + MaxLiteral(value ?? ""));
        }

        return length;
    }

    private static int MaxLiteral(string text) => checked(1 + MaxVarint + Encoding.UTF8.GetMaxByteCount(text.Length));

    private void WriteFixed(in ResponseRecord record)
    {
        WriteInt32(unchecked((int)Sentinel));
        WriteInt32(0);
        WriteByte(_version);
        WriteByte((byte)record.Flags);
        BinaryPrimitives.WriteUInt16LittleEndian(Take(sizeof(ushort)), (ushort)record.StatusCode);
        BinaryPrimitives.WriteInt64LittleEndian(Take(sizeof(long)), record.Created.ToUnixTimeMilliseconds());

        WriteByte((byte)record.Fingerprint.Form);
    }

    private void WriteFingerprint(in Fingerprint fingerprint)
    {
        var (target, body) = (fingerprint.Target, fingerprint.Body);
        if (fingerprint.HasTarget)
            WriteBytes(target);
        if (fingerprint.HasBodyHash)
            WriteBytes(body);
    }

    private void WriteHeader(string name, StringValues values)
    {
        var index = HeaderTable.IndexOfName(name);
        WriteText(index, HeaderTable.VersionOfName(index), name);

        // Leave out null values: a server sends nothing for them.
        var count = 0;
        foreach (var value in values)
            count += value is null ? 0 : 1;
        WriteVarint(count);
        foreach (var value in values)
        {
            if (value is not null)
            {
                index = HeaderTable.IndexOfValue(value);
                WriteText(index, HeaderTable.VersionOfValue(index), value);
            }
        }
    }

    private void WriteText(byte index, byte version, string text)
    {
        _version = Math.Max(_version, version);
        WriteByte(index);
        if (index > 0)
            return;

        WriteVarint(Encoding.UTF8.GetByteCount(text));
        _length += Encoding.UTF8.GetBytes(text, _buffer[_length..]);
    }

    private void WriteVarint(int value)
    {
        for (; value > 0x7F; value >>= 7)
            WriteByte((byte)(value | 0x80));
        WriteByte((byte)value);
    }

    private void WriteByte(byte value) => Take(1)[0] = value;

    private void WriteInt32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Take(sizeof(int)), value);

    private void WriteBytes(scoped ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    private Span<byte> Take(int count)
    {
        _length += count;
        return _buffer.Slice(_length - count, count);
    }
}
