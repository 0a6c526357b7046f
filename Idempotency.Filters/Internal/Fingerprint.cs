using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Idempotency.Filters.Internal;

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

/// <summary>How the fingerprint of a request body was made. A parsed form cannot be compared with bytes.</summary>
internal enum BodyForm : byte
{
    /// <summary>There is none: the body was not read to its end.</summary>
    Unknown = 0,

    /// <summary>The bytes as they came.</summary>
    Bytes = 1,

    /// <summary>The bytes, with every occurrence of the multipart boundary made constant.</summary>
    Multipart = 2,

    /// <summary>The fields and files of a form that was parsed before its bytes could be seen.</summary>
    ParsedForm = 3,
}

/// <summary>Which request it was: enough to tell a retry from a reuse of the key, and nothing that could be read back.</summary>
internal readonly struct Fingerprint
{
    /// <summary>Method, path, query string and media type.</summary>
    public required Hash32 Target { get; init; }

    public required BodyForm Form { get; init; }

    /// <summary>Zero when <see cref="Form"/> is <see cref="BodyForm.Unknown"/>.</summary>
    public required Hash32 Body { get; init; }

    /// <summary>Null when the two cannot be compared.</summary>
    public bool? BodyMatches(in Fingerprint other)
    {
        if (Form == other.Form)
            return Form is BodyForm.Unknown ? null : Body.Matches(other.Body);

        // Both were hashed as they came, and only one declared a boundary: no retry gains or loses it.
        return (Form, other.Form) is (BodyForm.Bytes, BodyForm.Multipart) or (BodyForm.Multipart, BodyForm.Bytes) ? false : null;
    }

    /// <summary>Whether both are of the same request; null when the bodies cannot be compared.</summary>
    public bool? Matches(in Fingerprint other) => Target.Matches(other.Target) ? BodyMatches(other) : false;
}
