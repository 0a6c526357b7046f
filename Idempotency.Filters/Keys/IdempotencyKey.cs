using System.Buffers;
using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters.Keys;

/// <summary>Reads a key: a structured-field string (RFC 9651, section 3.3.3), or the same characters without quotes.</summary>
internal static class IdempotencyKey
{
    private const int UuidLength = 36;
    private const int UuidDigits = 32;
    private const string UrnPrefix = "urn:uuid:";

    private const string SeveralLines = "Send the key in one header line; this request has several.";
    private const string Empty = "Send a key of at least one character; this one is empty.";
    private const string QuotesRequired = "Put the key in double quotes.";
    private const string BadBare =
        "Without double quotes, a key may hold only visible ASCII characters other than double quote, comma, semicolon and backslash.";
    private const string BadString =
        "In double quotes, a key may hold only ASCII characters from space to tilde. Write a double quote as \\\" and a backslash as \\\\, "
        + "and end the key with a double quote.";
    private const string BadParameters =
        "Send nothing after the closing double quote, except parameters of RFC 9651 such as ;a=1.";
    private const string BadPlain = "A key may hold only ASCII characters from space to tilde.";
    private const string BadUuid = "Send a UUID as the key, such as f81d4fae-7dec-41d0-a765-00a0c91e6bf6.";
    private const string NilUuid = "Send a UUID of your own for each operation; clients send the nil UUID when they have made none.";
    private const string BadUuidV4 = "Send a UUID of version 4 as the key, such as f81d4fae-7dec-41d0-a765-00a0c91e6bf6.";

    // No comma, since it may have joined two header lines. No semicolon, since it may begin a parameter.
    private static readonly SearchValues<char> BareCharacters =
        SearchValues.Create([.. Enumerable.Range(0x21, 0x7E - 0x20).Select(c => (char)c).Except("\",;\\")]);

    private static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdefABCDEF");

    // All letters, not only the hexadecimal ones: the prefix of a URN is written in any case too.
    private static readonly SearchValues<char> UpperCase = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    public static KeyReading Read(StringValues values, KeyFormat format, int maxLength)
    {
        if (values.Count == 0)
            return new(KeyStatus.Missing, null, null);
        if (values.Count > 1)
            return KeyReading.Malformed(SeveralLines);

        var line = values.ToString();
        var text = line.AsSpan().Trim(" \t");
        if (text.IsEmpty)
            return KeyReading.Malformed(Empty);
        if (text[0] == '"')
            return ReadQuoted(text, format, maxLength);
        if (format == KeyFormat.StructuredString)
            return KeyReading.Malformed(QuotesRequired);
        if (text.ContainsAnyExcept(BareCharacters))
            return KeyReading.Malformed(BadBare);
        if (text.Length > maxLength)
            return TooLong(maxLength);
        return InFormat(text.Length == line.Length ? line : text.ToString(), format);
    }

    /// <summary>Reads a key from a place other than a header, where keys have no quotes.</summary>
    public static KeyReading ReadPlain(string key, KeyFormat format, int maxLength)
    {
        if (key.Length == 0)
            return KeyReading.Malformed(Empty);
        if (key.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            return KeyReading.Malformed(BadPlain);
        return key.Length > maxLength ? TooLong(maxLength) : InFormat(key, format);
    }

    private static KeyReading ReadQuoted(ReadOnlySpan<char> text, KeyFormat format, int maxLength)
    {
        var field = new StructuredField(text);
        if (!field.TryReadString(out var escaped, out var length))
            return KeyReading.Malformed(BadString);
        if (!field.TryReadParameters() || !field.AtEnd)
            return KeyReading.Malformed(BadParameters);
        if (length == 0)
            return KeyReading.Malformed(Empty);
        return length > maxLength ? TooLong(maxLength) : InFormat(StructuredField.Unescape(escaped, length), format);
    }

    private static KeyReading InFormat(string key, KeyFormat format)
    {
        if (KeyLeftover.IsNilUuid(key))
            return KeyReading.Malformed(NilUuid);
        if (format is KeyFormat.Any or KeyFormat.StructuredString && KeyLeftover.Is(key))
            return KeyReading.Malformed(KeyLeftover.Problem);
        if (format is KeyFormat.Uuid && !IsUuid(key))
            return KeyReading.Malformed(BadUuid);
        if (format is KeyFormat.UuidV4 && !IsUuidV4(key))
            return KeyReading.Malformed(BadUuidV4);
        if (format is KeyFormat.LooseUuid && !IsLooseUuid(key))
            return KeyReading.Malformed(BadUuid);

        var normalise = format is KeyFormat.Uuid or KeyFormat.UuidV4 or KeyFormat.LooseUuid && key.AsSpan().ContainsAny(UpperCase);
        return new(KeyStatus.Valid, normalise ? key.ToLowerInvariant() : key, null);
    }

    // The max UUID is a UUID too (RFC 9562, section 5.10), so version and variant are not checked. No client sends it by mistake.
    private static bool IsUuid(ReadOnlySpan<char> key)
    {
        if (key.Length != UuidLength)
            return false;

        for (var i = 0; i < key.Length; i++)
        {
            if (i is 8 or 13 or 18 or 23 ? key[i] != '-' : !char.IsAsciiHexDigit(key[i]))
                return false;
        }

        return true;
    }

    private static bool IsUuidV4(string key) => IsUuid(key) && key[14] == '4' && key[19] is '8' or '9' or 'a' or 'b' or 'A' or 'B';

    private static bool IsLooseUuid(ReadOnlySpan<char> key)
    {
        if (key.StartsWith(UrnPrefix, StringComparison.OrdinalIgnoreCase))
            key = key[UrnPrefix.Length..];
        else if (key is ['{', .., '}'])
            key = key[1..^1];
        return IsUuid(key) || (key.Length == UuidDigits && !key.ContainsAnyExcept(Hex));
    }

    private static KeyReading TooLong(int maxLength) => KeyReading.Malformed($"Send a key of at most {maxLength} characters.");
}
