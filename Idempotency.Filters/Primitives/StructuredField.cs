using System.Buffers;
using System.Text.Unicode;

namespace Idempotency.Filters.Primitives;

/// <summary>
/// A cursor over one structured field (RFC 9651). It reads the key's string and checks the parameters that may follow it, with the parsing
/// algorithms of section 4.2.
/// </summary>
internal ref struct StructuredField(ReadOnlySpan<char> text)
{
    private const string LowerLetters = "abcdefghijklmnopqrstuvwxyz";
    private const string UpperLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private const string Digits = "0123456789";

    private static readonly SearchValues<char> KeyCharacters = SearchValues.Create(LowerLetters + Digits + "_-.*");
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create(UpperLetters + LowerLetters + Digits + "!#$%&'*+-.^_`|~:/");
    private static readonly SearchValues<char> Base64Characters = SearchValues.Create(UpperLetters + LowerLetters + Digits + "+/");

    private ReadOnlySpan<char> _rest = text;

    public readonly bool AtEnd => _rest.IsEmpty;

    /// <summary>Reads a string (section 4.2.5).</summary>
    /// <param name="escaped">The characters between the quotes, still escaped.</param>
    /// <param name="length">The number of characters after unescaping.</param>
    public bool TryReadString(out ReadOnlySpan<char> escaped, out int length)
    {
        escaped = default;
        length = 0;
        if (!TryRead('"'))
            return false;

        for (var i = 0; i < _rest.Length; i++, length++)
        {
            var c = _rest[i];
            if (c == '"')
            {
                escaped = _rest[..i];
                _rest = _rest[(i + 1)..];
                return true;
            }

            if (c is < ' ' or > '~' || (c == '\\' && (++i == _rest.Length || _rest[i] is not ('"' or '\\'))))
                return false;
        }

        return false;
    }

    public static string Unescape(ReadOnlySpan<char> escaped, int length)
    {
        return escaped.Length == length ? escaped.ToString() : string.Create(length, escaped, Copy);

        static void Copy(Span<char> target, ReadOnlySpan<char> escaped)
        {
            for (int i = 0, to = 0; to < target.Length; i++, to++)
                target[to] = escaped[i] == '\\' ? escaped[++i] : escaped[i];
        }
    }

    /// <summary>Reads any number of parameters, including none (section 4.2.3.2).</summary>
    public bool TryReadParameters()
    {
        while (TryRead(';'))
        {
            _rest = _rest.TrimStart(' ');
            if (_rest.IsEmpty || !(char.IsAsciiLetterLower(_rest[0]) || _rest[0] == '*'))
                return false;

            Skip(KeyCharacters);
            if (TryRead('=') && !TryReadBareItem())
                return false;
        }

        return true;
    }

    /// <summary>Reads a bare item (section 4.2.3.1).</summary>
    private bool TryReadBareItem() => _rest switch
    {
        [] => false,
        ['"', ..] => TryReadString(out _, out _),
        [':', ..] => TryReadBytes(),
        ['?', '0' or '1', ..] => TrySkip(2),
        ['@', ..] => TrySkip(1) && TryReadNumber(out var isDecimal) && !isDecimal,
        ['%', ..] => TryReadDisplayString(),
        ['-' or (>= '0' and <= '9'), ..] => TryReadNumber(out _),
        ['*' or (>= 'A' and <= 'Z') or (>= 'a' and <= 'z'), ..] => Skip(TokenCharacters) > 0,
        _ => false,
    };

    /// <summary>Reads a number (section 4.2.4): at most 15 digits, or a decimal with at most 12 before the point and 3 after it.</summary>
    private bool TryReadNumber(out bool isDecimal)
    {
        TryRead('-');
        var whole = SkipDigits();
        isDecimal = whole > 0 && TryRead('.');
        return isDecimal ? whole <= 12 && SkipDigits() is >= 1 and <= 3 : whole is >= 1 and <= 15;
    }

    /// <summary>Reads a byte sequence (section 4.2.7). Padding may be missing, but one leftover character encodes no byte.</summary>
    private bool TryReadBytes()
    {
        TrySkip(1);
        var characters = Skip(Base64Characters);
        var padding = 0;
        for (; TryRead('='); padding++)
        {
        }

        return characters % 4 != 1 && (padding == 0 || (padding <= 2 && (characters + padding) % 4 == 0)) && TryRead(':');
    }

    /// <summary>Reads a display string (section 4.2.10): percent-encoded UTF-8 in lower-case hexadecimal digits.</summary>
    private bool TryReadDisplayString()
    {
        if (_rest is not ['%', '"', ..])
            return false;

        TrySkip(2);
        Span<byte> utf8 = _rest.Length <= 256 ? stackalloc byte[256] : new byte[_rest.Length];
        for (var length = 0; !_rest.IsEmpty; length++)
        {
            switch (_rest)
            {
                case ['"', ..]:
                    return TrySkip(1) && Utf8.IsValid(utf8[..length]);
                case ['%', var high, var low, ..] when IsLowerHex(high) && IsLowerHex(low):
                    Convert.FromHexString(_rest.Slice(1, 2), utf8[length..], out _, out _);
                    TrySkip(3);
                    break;
                case [not '%' and >= ' ' and <= '~', ..]:
                    utf8[length] = (byte)_rest[0];
                    TrySkip(1);
                    break;
                default:
                    return false;
            }
        }

        return false;
    }

    private static bool IsLowerHex(char c) => c is (>= '0' and <= '9') or (>= 'a' and <= 'f');

    private int SkipDigits()
    {
        var count = _rest.IndexOfAnyExceptInRange('0', '9');
        count = count < 0 ? _rest.Length : count;
        TrySkip(count);
        return count;
    }

    private int Skip(SearchValues<char> characters)
    {
        var count = _rest.IndexOfAnyExcept(characters);
        count = count < 0 ? _rest.Length : count;
        TrySkip(count);
        return count;
    }

    private bool TryRead(char c) => _rest.StartsWith(c) && TrySkip(1);

    private bool TrySkip(int count)
    {
        _rest = _rest[count..];
        return true;
    }
}
