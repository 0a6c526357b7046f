using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Requests;

/// <summary>
/// Identifies a request, enough to tell a retry from a reuse of the key. It holds hashes of the request in place of the request. A plain
/// hash does not hide a short or guessable text, such as a card's check number: whoever reads the store tries all of them. With a
/// <c>HashSecret</c>, the hashes are keyed, and only the application can try.
/// </summary>
/// <remarks>
/// The hashes have 256 bits, unlike the parts of a storage key. The client makes both requests that are compared, so it could search for
/// two that agree: with 128 bits it would take 2^64 attempts, which somebody can pay for. And the fingerprint has to tell requests apart
/// where two storage keys meet.
/// </remarks>
internal readonly struct Fingerprint
{
    /// <summary>The fingerprint of a record that no request made.</summary>
    public static Fingerprint OfAnyRequest => new() { Target = default, Form = BodyForm.AnyRequest, Body = default };

    /// <summary>
    /// The hash of method, path, query string, media type, and the headers that the policy names. Zero unless <see cref="HasTarget"/>.
    /// </summary>
    public required Sha256Digest Target { get; init; }

    public required BodyForm Form { get; init; }

    /// <summary>Zero unless <see cref="HasBodyHash"/>.</summary>
    public required Sha256Digest Body { get; init; }

    /// <summary>
    /// Whether something consumed the body before it could be hashed. A body that came in chunks and turned out empty counts too: nothing
    /// tells it from one that was consumed. Not a part of a record.
    /// </summary>
    public bool IsConsumed { get; init; }

    /// <summary>Whether it is one that may have been empty. Not a part of a record.</summary>
    public bool MayBeEmpty { get; init; }

    /// <summary>Whether there is a target to compare with.</summary>
    public bool HasTarget => Form is not BodyForm.AnyRequest;

    /// <summary>Whether the body has a hash. An empty one needs none.</summary>
    public bool HasBodyHash => HasBody && Form is not BodyForm.Empty;

    /// <summary>Whether there is a body to compare with, be it empty.</summary>
    public bool HasBody => Form is not (BodyForm.Unknown or BodyForm.AnyRequest);

    public bool TargetMatches(in Sha256Digest target) => !HasTarget || Target.Matches(target);

    /// <summary>Whether the bodies match; null if they cannot be compared.</summary>
    public bool? BodyMatches(in Fingerprint other)
    {
        if (!HasBody)
            return null;
        if (Form == other.Form)
            return Body.Matches(other.Body);
        // The same empty body may come without a length, or not at all. Where something consumes bodies, none is compared anyway.
        if (other.MayBeEmpty && Form is BodyForm.Empty)
            return true;

        // Both are of the bytes, and only one request has bytes at all, or declared a boundary. A retry does not gain or lose it, so they
        // differ.
        return IsOfBytes(Form) && IsOfBytes(other.Form) ? false : null;
    }

    /// <summary>Whether both identify the same request; null if the bodies cannot be compared.</summary>
    public bool? Matches(in Fingerprint other) => TargetMatches(other.Target) ? BodyMatches(other) : false;

    private static bool IsOfBytes(BodyForm form) => form is BodyForm.Bytes or BodyForm.Multipart or BodyForm.Empty;
}
