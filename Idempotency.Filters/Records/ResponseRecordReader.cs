using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
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
    internal const int FixedLength = 21;

    /// <summary>How many bytes <see cref="TryReadFingerprint(in ReadOnlySequence{byte}, out Fingerprint)"/> needs.</summary>
    internal const int PreviewLength = FixedLength + (2 * SHA256.HashSizeInBytes);

    private const int FormAt = 20;
    private const RecordFlags KnownFlags = RecordFlags.NotReplayable | RecordFlags.OutcomeUnknown;
    private const string Truncated = "The record is truncated.";
    private const string BadHeader = "A header of the record is malformed.";

    private readonly byte _version;
    private SequenceReader<byte> _rest;

    private ResponseRecordReader(in ReadOnlySequence<byte> rest, byte version)
    {
        _rest = new SequenceReader<byte>(rest);
        _version = version;
    }

    /// <summary>Returns null, or why the bytes are not a record.</summary>
    public static string? Read(in ReadOnlySequence<byte> bytes, out ResponseRecord record)
    {
        record = default;
        if (bytes.Length < FixedLength)
            return Truncated;

        Span<byte> head = stackalloc byte[FixedLength];
        bytes.Slice(0, FixedLength).CopyTo(head);
        if (BinaryPrimitives.ReadUInt32LittleEndian(head) != ResponseRecordWriter.Sentinel)
            return "The bytes are not a record.";
        if (BinaryPrimitives.ReadUInt32LittleEndian(head[4..]) != Crc32C.Of(bytes.Slice(ResponseRecordWriter.SealedFrom)))
            return "The record is damaged: its checksum does not match.";
        if (ReadSummary(head, out var summary) is { } problem)
            return problem;

        var form = (BodyForm)head[FormAt];
        if (form > BodyForm.Empty)
            return $"The record's request fingerprint has form {head[FormAt]}, which this build does not know.";

        var reader = new ResponseRecordReader(bytes.Slice(FixedLength), head[ResponseRecordWriter.VersionAt]);
        if (!reader.TryReadFingerprint(form, out var fingerprint))
            return Truncated;
        if (!reader.TryReadHeaders(out var headers))
            return BadHeader;
        if (!reader.TryReadVarint(out var bodyLength) || bodyLength != reader._rest.Remaining)
            return "The record does not have the length that it says it has.";

        record = new ResponseRecord
        {
            Flags = summary.Flags,
            StatusCode = BinaryPrimitives.ReadUInt16LittleEndian(head[10..]),
            Created = summary.Created,
            Fingerprint = fingerprint,
            Headers = headers,
            Body = reader._rest.UnreadSequence,
        };
        return null;
    }

    /// <summary>Reads what the beginning of a record says. It cannot tell a record that is damaged further on.</summary>
    /// <param name="bytes">At least the first <see cref="FixedLength"/> bytes of a record, or something else.</param>
    /// <param name="summary">What they say.</param>
    public static bool TryReadSummary(ReadOnlySpan<byte> bytes, out RecordSummary summary)
    {
        summary = default;
        return bytes.Length >= FixedLength
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes) == ResponseRecordWriter.Sentinel
            && ReadSummary(bytes, out summary) is null;
    }

    /// <summary>Reads which request a record answers, from its beginning alone.</summary>
    public static bool TryReadFingerprint(in ReadOnlySequence<byte> bytes, out Fingerprint fingerprint)
    {
        fingerprint = Fingerprint.OfAnyRequest;
        if (bytes.Length < FixedLength)
            return false;

        Span<byte> head = stackalloc byte[FixedLength];
        bytes.Slice(0, FixedLength).CopyTo(head);
        var form = (BodyForm)head[FormAt];
        var reader = new ResponseRecordReader(bytes.Slice(FixedLength), head[ResponseRecordWriter.VersionAt]);
        return TryReadSummary(head, out _) && form <= BodyForm.Empty && reader.TryReadFingerprint(form, out fingerprint);
    }

    /// <summary>Returns null, or why this build cannot read the record.</summary>
    private static string? ReadSummary(ReadOnlySpan<byte> head, out RecordSummary summary)
    {
        summary = default;
        var version = head[ResponseRecordWriter.VersionAt];
        if (version is 0 or > ResponseRecordWriter.NewestVersion)
            return $"The record has version {version}, which this build cannot read.";

        var flags = (RecordFlags)head[9];
        if ((flags & ~KnownFlags) != 0)
            return $"The record has flags 0x{head[9]:X2}, and this build does not know all of them.";

        var created = BinaryPrimitives.ReadInt64LittleEndian(head[12..]);
        if (created < DateTimeOffset.MinValue.ToUnixTimeMilliseconds() || created > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
            return "The record's creation time is out of range.";

        summary = new(flags, DateTimeOffset.FromUnixTimeMilliseconds(created));
        return null;
    }

    private bool TryReadFingerprint(BodyForm form, out Fingerprint fingerprint)
    {
        fingerprint = new Fingerprint { Target = default, Form = form, Body = default };
        var (target, body) = (fingerprint.Target, fingerprint.Body);
        if ((fingerprint.HasTarget && !TryRead(target)) || (fingerprint.HasBodyHash && !TryRead(body)))
            return false;

        fingerprint = new Fingerprint { Target = target, Form = form, Body = body };
        return true;
    }

    private bool TryReadHeaders(out KeyValuePair<string, StringValues>[] headers)
    {
        headers = [];

        // A header takes at least two bytes.
        if (!TryReadVarint(out var count) || count > _rest.Remaining / 2)
            return false;
        if (count > 0)
            headers = new KeyValuePair<string, StringValues>[count];

        for (var i = 0; i < count; i++)
        {
            if (!TryReadName(out var name) || !TryReadValues(out var values))
                return false;
            headers[i] = new(name, values);
        }

        return true;
    }

    private bool TryReadName(out string name)
    {
        name = "";
        return _rest.TryRead(out var index) && TryReadText(index, HeaderTable.NameAt(index, _version), out name);
    }

    private bool TryReadValues(out StringValues values)
    {
        values = default;
        if (!TryReadVarint(out var count) || count > _rest.Remaining)
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
        return _rest.TryRead(out var index) && TryReadText(index, HeaderTable.ValueAt(index, _version), out value);
    }

    private bool TryReadText(byte index, string? known, out string text)
    {
        text = known ?? "";
        if (index > 0)
            return known is not null;
        if (!TryReadVarint(out var length) || !_rest.TryReadExact(length, out var utf8))
            return false;

        text = Encoding.UTF8.GetString(utf8);
        return true;
    }

    private bool TryRead(scoped Span<byte> target)
    {
        if (!_rest.TryCopyTo(target))
            return false;

        _rest.Advance(target.Length);
        return true;
    }

    private bool TryReadVarint(out int value)
    {
        value = 0;
        for (var shift = 0; shift < 32; shift += 7)
        {
            if (!_rest.TryRead(out var part))
                return false;

            value |= (part & 0x7F) << shift;
            if (part <= 0x7F)
                return value >= 0;
        }

        return false;
    }
}
