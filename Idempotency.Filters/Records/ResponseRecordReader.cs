using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Requests;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters.Records;

/// <summary>
/// Reads every version of the format that is drawn above <see cref="ResponseRecord"/>. It trusts no length: before it allocates, it checks
/// that enough bytes are there.
/// </summary>
internal ref struct ResponseRecordReader
{
    internal const int FixedLength = 93;

    private const RecordFlags KnownFlags = RecordFlags.NotReplayable | RecordFlags.OutcomeUnknown;
    private const string BadHeader = "A header of the record is malformed.";

    private readonly byte _version;
    private SequenceReader<byte> _headers;

    private ResponseRecordReader(in ReadOnlySequence<byte> headers, byte version)
    {
        _headers = new SequenceReader<byte>(headers);
        _version = version;
    }

    /// <summary>Returns null, or why the bytes are not a record.</summary>
    public static string? Read(in ReadOnlySequence<byte> bytes, out ResponseRecord record)
    {
        record = default;
        if (bytes.Length < FixedLength)
            return "The record is truncated.";

        Span<byte> head = stackalloc byte[FixedLength];
        bytes.Slice(0, FixedLength).CopyTo(head);
        if (BinaryPrimitives.ReadUInt32LittleEndian(head) != ResponseRecordWriter.Sentinel)
            return "The bytes are not a record.";
        if (BinaryPrimitives.ReadUInt32LittleEndian(head[4..]) != Crc32C.Of(bytes.Slice(ResponseRecordWriter.SealedFrom)))
            return "The record is damaged: its checksum does not match.";
        var version = head[ResponseRecordWriter.VersionAt];
        if (version is 0 or > ResponseRecordWriter.NewestVersion)
            return $"The record has version {version}, which this build cannot read.";

        var flags = (RecordFlags)head[9];
        if ((flags & ~KnownFlags) != 0)
            return $"The record has flags 0x{head[9]:X2}, and this build does not know all of them.";

        var created = BinaryPrimitives.ReadInt64LittleEndian(head[12..]);
        if (created < DateTimeOffset.MinValue.ToUnixTimeMilliseconds() || created > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
            return "The record's creation time is out of range.";

        var form = (BodyForm)head[52];
        if (form > BodyForm.AnyRequest)
            return $"The record's request fingerprint has form {head[52]}, which this build does not know.";

        var headerCount = BinaryPrimitives.ReadInt32LittleEndian(head[85..]);
        var bodyLength = BinaryPrimitives.ReadInt32LittleEndian(head[89..]);
        var headersLength = bytes.Length - FixedLength - bodyLength;
        if (bodyLength < 0 || headersLength < 0)
            return "The record is shorter than it says it is.";

        var reader = new ResponseRecordReader(bytes.Slice(FixedLength, headersLength), version);
        if (!reader.TryReadHeaders(headerCount, out var headers))
            return BadHeader;

        record = new ResponseRecord
        {
            Flags = flags,
            StatusCode = BinaryPrimitives.ReadUInt16LittleEndian(head[10..]),
            Created = DateTimeOffset.FromUnixTimeMilliseconds(created),
            Fingerprint = new Fingerprint { Target = Sha256Digest.From(head[20..52]), Form = form, Body = Sha256Digest.From(head[53..85]) },
            Headers = headers,
            Body = bytes.Slice(FixedLength + headersLength),
        };
        return null;
    }

    private bool TryReadHeaders(int count, out KeyValuePair<string, StringValues>[] headers)
    {
        headers = [];

        // A header takes at least two bytes.
        if (count < 0 || count > _headers.Remaining / 2)
            return false;
        if (count > 0)
            headers = new KeyValuePair<string, StringValues>[count];

        for (var i = 0; i < count; i++)
        {
            if (!TryReadName(out var name) || !TryReadValues(out var values))
                return false;
            headers[i] = new(name, values);
        }

        return _headers.End;
    }

    private bool TryReadName(out string name)
    {
        name = "";
        return _headers.TryRead(out var index) && TryReadText(index, HeaderTable.NameAt(index, _version), out name);
    }

    private bool TryReadValues(out StringValues values)
    {
        values = default;
        if (!TryReadVarint(out var count) || count > _headers.Remaining)
            return false;
        if (count == 0)
            return true;
        if (count == 1)
        {
            var read = TryReadValue(out var value);
            values = value;
            return read;
        }

        var array = new string[count];
        for (var i = 0; i < count; i++)
        {
            if (!TryReadValue(out array[i]))
                return false;
        }

        values = array;
        return true;
    }

    private bool TryReadValue(out string value)
    {
        value = "";
        return _headers.TryRead(out var index) && TryReadText(index, HeaderTable.ValueAt(index, _version), out value);
    }

    private bool TryReadText(byte index, string? known, out string text)
    {
        text = known ?? "";
        if (index > 0)
            return known is not null;
        if (!TryReadVarint(out var length) || !_headers.TryReadExact(length, out var utf8))
            return false;

        text = Encoding.UTF8.GetString(utf8);
        return true;
    }

    private bool TryReadVarint(out int value)
    {
        value = 0;
        for (var shift = 0; shift < 32; shift += 7)
        {
            if (!_headers.TryRead(out var part))
                return false;

            value |= (part & 0x7F) << shift;
            if (part <= 0x7F)
                return value >= 0;
        }

        return false;
    }
}
