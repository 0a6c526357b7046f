using System.Buffers;

namespace Idempotency.Filters.Primitives;

/// <summary>The <c>token</c> syntax of methods and header field names (RFC 9110, section 5.6.2).</summary>
internal static class HttpToken
{
    private static readonly SearchValues<char> Characters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    public static bool IsValid(string? value) => !string.IsNullOrEmpty(value) && !value.AsSpan().ContainsAnyExcept(Characters);
}
