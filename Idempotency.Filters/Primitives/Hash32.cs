using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Idempotency.Filters.Primitives;

/// <summary>A SHA-256 hash, held in place.</summary>
[InlineArray(SHA256.HashSizeInBytes)]
internal struct Hash32
{
    private byte _first;

    public static Hash32 From(ReadOnlySpan<byte> bytes)
    {
        Hash32 hash = default;
        bytes.CopyTo(hash);
        return hash;
    }

    public readonly bool Matches(in Hash32 other) => CryptographicOperations.FixedTimeEquals(this, other);
}
