using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Requests;

/// <summary>Identifies a request: enough to tell a retry from a reuse of the key, but nobody can read the request from it.</summary>
internal readonly struct Fingerprint
{
    private static readonly Sha256Digest Empty = BodyHasher.Rent().Complete();

    /// <summary>The fingerprint of a record that no request made.</summary>
    public static Fingerprint OfAnyRequest => new() { Target = default, Form = BodyForm.AnyRequest, Body = default };

    /// <summary>The hash of method, path, query string and media type.</summary>
    public required Sha256Digest Target { get; init; }

    public required BodyForm Form { get; init; }

    /// <summary>Zero unless <see cref="HasBody"/>.</summary>
    public required Sha256Digest Body { get; init; }

    /// <summary>
    /// Whether something consumed the body before it could be hashed. A body that came in chunks and turned out empty counts too: nothing
    /// tells it from one that was consumed. Not a part of a record.
    /// </summary>
    public bool IsConsumed { get; init; }

    /// <summary>Whether it is one that may have been empty. Not a part of a record.</summary>
    public bool MayBeEmpty { get; init; }

    /// <summary>Whether there is a body to compare with.</summary>
    public bool HasBody => Form is not (BodyForm.Unknown or BodyForm.AnyRequest);

    public bool TargetMatches(in Sha256Digest target) => Form is BodyForm.AnyRequest || Target.Matches(target);

    /// <summary>Whether the bodies match; null if they cannot be compared.</summary>
    public bool? BodyMatches(in Fingerprint other)
    {
        if (!HasBody)
            return null;
        if (Form == other.Form)
            return Body.Matches(other.Body);
        // The same empty body may come without a length, or not at all. Where something consumes bodies, none is compared anyway.
        if (other.MayBeEmpty && Body.Matches(Empty))
            return true;

        // Both hashes are of the bytes, and only one request declared a boundary. A retry does not gain or lose it, so they differ.
        return (Form, other.Form) is (BodyForm.Bytes, BodyForm.Multipart) or (BodyForm.Multipart, BodyForm.Bytes) ? false : null;
    }

    /// <summary>Whether both identify the same request; null if the bodies cannot be compared.</summary>
    public bool? Matches(in Fingerprint other) => TargetMatches(other.Target) ? BodyMatches(other) : false;
}
