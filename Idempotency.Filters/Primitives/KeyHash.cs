using System.Security.Cryptography;
using System.Text;

namespace Idempotency.Filters.Primitives;

/// <summary>
/// A storage key as logs show it: six bytes of its SHA-256, or "none" for a request without a valid key. It is hashed only when the line is
/// really written.
/// </summary>
internal readonly struct KeyHash(string storageKey)
{
    private const int Size = 6;

    /// <summary>The same, of the SHA-256 of a storage key or its beginning.</summary>
    public static string OfDigest(ReadOnlySpan<byte> digest) => Convert.ToHexStringLower(digest[..Size]);

    public override string ToString() => storageKey is "" ? "none" : OfDigest(SHA256.HashData(Encoding.UTF8.GetBytes(storageKey)));
}
