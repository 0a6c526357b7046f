using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Idempotency.Filters.Primitives;

/// <summary>A SHA-256 hash, stored inline instead of in an array.</summary>
[InlineArray(SHA256.HashSizeInBytes)]
internal struct Sha256Digest
{
    private byte _first;

    public static Sha256Digest From(ReadOnlySpan<byte> bytes)
    {
        Sha256Digest hash = default;
        bytes.CopyTo(hash);
        return hash;
    }

    public readonly bool Matches(in Sha256Digest other) => CryptographicOperations.FixedTimeEquals(this, other);
}
