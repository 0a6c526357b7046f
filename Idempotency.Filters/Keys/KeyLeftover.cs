using System.Buffers;
using System.Collections.Frozen;

namespace Idempotency.Filters.Keys;

/// <summary>
/// Knows what clients send in place of a key when they have none. Such a key is the same for every operation, so the second operation would
/// get the answer of the first.
/// </summary>
internal static class KeyLeftover
{
    public const string Problem =
        "Send a value of your own for each operation, such as a UUID. Clients send this one when they have no value: undefined, null, "
        + "or a template that nothing has filled in.";

    private const string UrnPrefix = "urn:uuid:";
    private const string Quotes = " '\"`";
    private const string Separators = "-_.:/+|";

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Words = FrozenSet.ToFrozenSet(
        [
            "undefined", "null", "nil", "NaN", "None", "(null)", "(nil)", "(none)", "<null>", "<nil>", "<none>", "<undefined>", "{}",
            "%s", "%d", "%v", "%!s(<nil>)", "%!v(<nil>)",
        ],
        StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();

    private static readonly SearchValues<char> ExpressionCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.$()[] '-:");

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_- ");

    private static readonly SearchValues<string> KeyWords =
        SearchValues.Create(["key", "uuid", "guid"], StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether this is the value of a variable without a value, or a template that was not filled in.</summary>
    public static bool Is(ReadOnlySpan<char> key)
    {
        var text = key.Trim(Quotes);
        return IsWords(text) || IsObject(text) || IsPlaceholder(text) || HasTemplate(text);
    }

    /// <summary>The nil UUID (RFC 9562, section 5.9) in any of its forms: the value of a UUID that nobody set.</summary>
    public static bool IsNilUuid(ReadOnlySpan<char> key)
    {
        if (key.StartsWith(UrnPrefix, StringComparison.OrdinalIgnoreCase))
            key = key[UrnPrefix.Length..];
        else if (key is ['{', .., '}'])
            key = key[1..^1];
        return key is "00000000-0000-0000-0000-000000000000" or "00000000000000000000000000000000";
    }

    /// <summary><c>undefined</c>, and also <c>undefined-undefined</c>: nothing but words that stand for no value.</summary>
    private static bool IsWords(ReadOnlySpan<char> text)
    {
        if (Words.Contains(text))
            return true;

        var found = false;
        foreach (var range in text.SplitAny(Separators))
        {
            if (!Words.Contains(text[range]))
                return false;

            found = true;
        }

        return found;
    }

    /// <summary><c>[object Object]</c>, <c>[object Promise]</c>: an object of JavaScript that was made a string.</summary>
    private static bool IsObject(ReadOnlySpan<char> text) =>
        text.StartsWith("[object ", StringComparison.OrdinalIgnoreCase) && text[^1] == ']';

    /// <summary>
    /// <c>&lt;your-key&gt;</c>, <c>%KEY%</c>, <c>$(uuidgen)</c>, <c>#{key}</c>. Not <c>&lt;7@example.com&gt;</c>, which names a message.
    /// </summary>
    private static bool IsPlaceholder(ReadOnlySpan<char> text) => text switch
    {
        ['<', .. var name, '>'] => !name.ContainsAnyExcept(NameCharacters) && name.ContainsAny(KeyWords),
        ['%', .. var name, '%'] => !name.ContainsAnyExcept(NameCharacters) && name.ContainsAny(KeyWords),
        ['$', '(', .. var expression, ')'] => IsExpression(expression),
        ['#', '{', .. var expression, '}'] => IsExpression(expression),
        _ => false,
    };

    private static bool IsExpression(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExcept(ExpressionCharacters);

    /// <summary><c>{{key}}</c> or <c>${key}</c>, whatever stands around it.</summary>
    private static bool HasTemplate(ReadOnlySpan<char> text)
    {
        var open = text.IndexOf("{{");
        if (open >= 0 && text[(open + 2)..].IndexOf("}}") >= 0)
            return true;

        open = text.IndexOf("${");
        return open >= 0 && text[(open + 2)..].Contains('}');
    }
}
