using Idempotency.Filters.Requests;
using Microsoft.AspNetCore.Http;

namespace Idempotency.Filters.Tests.Requests;

internal static class Retry
{
    /// <summary>The whole fingerprint of a retry, which the engine computes in two steps.</summary>
    public static ValueTask<Fingerprint> FingerprintAsync(
        HttpRequest request, BodyForm form, long? maxBytes, CancellationToken cancellationToken) =>
        RequestFingerprint.ComputeAsync(Hashing.Plain, request, Hashing.Plain.TargetOf(request), form, maxBytes, cancellationToken);
}
