using Idempotency.Filters.Requests;

namespace Idempotency.Filters.Engine;

/// <summary>Manual mode: what an action is shown of the earlier request with its key.</summary>
/// <param name="Response">The earlier response; null when it was not kept whole.</param>
/// <param name="RequestMatches">Whether the earlier request was the same; null when nobody knows.</param>
/// <param name="Fingerprint">The fingerprint of this request, whose body was hashed before the action runs; null when it was not.</param>
internal sealed record Repeat(StoredResponse? Response, bool? RequestMatches, RequestFingerprint? Fingerprint);
