using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Requests;

/// <summary>Which request it was: enough to tell a retry from a reuse of the key, and nothing that could be read back.</summary>
internal readonly struct Fingerprint
{
    /// <summary>Of a record that no request made.</summary>
    public static Fingerprint OfAnyRequest => new() { Target = default, Form = BodyForm.AnyRequest, Body = default };

    /// <summary>Method, path, query string and media type.</summary>
    public required Sha256Digest Target { get; init; }

    public required BodyForm Form { get; init; }

    /// <summary>Zero unless <see cref="HasBody"/>.</summary>
    public required Sha256Digest Body { get; init; }

    /// <summary>Whether there is a body to compare with.</summary>
    public bool HasBody => Form is not (BodyForm.Unknown or BodyForm.AnyRequest);

    public bool TargetMatches(in Sha256Digest target) => Form is BodyForm.AnyRequest || Target.Matches(target);

    /// <summary>Null when the two cannot be compared.</summary>
    public bool? BodyMatches(in Fingerprint other)
    {
        if (!HasBody)
            return null;
        if (Form == other.Form)
            return Body.Matches(other.Body);

        // Both were hashed as they came, and only one declared a boundary: no retry gains or loses it.
        return (Form, other.Form) is (BodyForm.Bytes, BodyForm.Multipart) or (BodyForm.Multipart, BodyForm.Bytes) ? false : null;
    }

    /// <summary>Whether both are of the same request; null when the bodies cannot be compared.</summary>
    public bool? Matches(in Fingerprint other) => TargetMatches(other.Target) ? BodyMatches(other) : false;
}
