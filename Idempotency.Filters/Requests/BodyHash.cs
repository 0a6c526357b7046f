using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Requests;

/// <summary>The part of a <see cref="Fingerprint"/> that a body makes.</summary>
/// <param name="Form">How the hash was made.</param>
/// <param name="Hash">Zero when the form is <see cref="BodyForm.Unknown"/>.</param>
/// <param name="IsConsumed">Whether it is unknown because something consumed the body, or may have done so.</param>
/// <param name="MayBeEmpty">Whether a body that <paramref name="IsConsumed"/> may as well have been empty.</param>
internal readonly record struct BodyHash(BodyForm Form, Sha256Digest Hash, bool IsConsumed = false, bool MayBeEmpty = false);
