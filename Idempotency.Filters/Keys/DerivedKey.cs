using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Keys;

/// <summary>
/// A key for another system: the SHA-256 of a label, the scope, the client's key and a purpose, in base64url; with a <c>HashSecret</c>,
/// HMAC-SHA-256. Each part has its length before it, so no two lists of parts hash the same bytes.
/// </summary>
/// <remarks>
/// Other systems remember these keys. Whatever changes them, be it the label, has every open retry act there once more. The storage key is
/// not part of it, because its prefix may change.
/// </remarks>
internal static class DerivedKey
{
    /// <summary>Of 256 bits.</summary>
    public const int LongestLength = 43;

    /// <summary>The fewest characters of six bits that make 128 bits.</summary>
    public const int ShortestLength = 22;

    // Keeps these keys apart from all other hashes where there is no secret.
    private const string Label = "Idempotency.Filters.v1.derived-key";

    public static string Make(HashKeys keys, string scope, string key, string purpose, int length)
    {
        ReadOnlySpan<string> parts = [Label, scope, key, purpose];
        var input = new byte[checked(
            (parts.Length * sizeof(int)) + LosslessUtf8.MaxLength(Label.Length + scope.Length + key.Length + purpose.Length))];
        var written = 0;
        foreach (var part in parts)
        {
            var bytes = LosslessUtf8.Write(part, input.AsSpan(written + sizeof(int)));
            BinaryPrimitives.WriteInt32LittleEndian(input.AsSpan(written), bytes);
            written += sizeof(int) + bytes;
        }

        var hash = keys.DerivedKey is { } hashKey
            ? HMACSHA256.HashData(hashKey, input.AsSpan(0, written))
            : SHA256.HashData(input.AsSpan(0, written));
        return Base64Url.EncodeToString(hash)[..length];
    }
}
