using System.Buffers;
using Idempotency.Filters.Options;
using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters.Responses;

/// <summary>
/// Decides whether to keep the response of an action that ran: by the app's delegate, else by its lists, else by default.
/// </summary>
internal static class KeepRule
{
    private static readonly string[] Asking =
    [
        HeaderNames.RetryAfter, HeaderNames.WWWAuthenticate, HeaderNames.ProxyAuthenticate, "Optional-WWW-Authenticate",
        "DPoP-Nonce", "Replay-Nonce", "OAuth-Client-Attestation-Challenge",
    ];

    /// <param name="http">The request, with status and headers of its response.</param>
    /// <param name="options">The settings of the policy.</param>
    /// <param name="body">The bytes that are held.</param>
    /// <param name="facts">What is known of the answer besides.</param>
    public static bool Keeps(HttpContext http, IdempotencyOptions options, in ReadOnlySequence<byte> body, in AnswerFacts facts)
    {
        if (options.ShouldStore is { } decides)
            return Ask(decides, new IdempotencyResponseContext(http, body, facts.IsBodyWhole));
        if (facts.ReachIsAssumed && MayBeValidation(http.Response.StatusCode))
            return false;

        return (options.StoreStatusCodes?.Contains(http.Response.StatusCode) ?? KeepsByDefault(http.Response, body, facts))
            && KeepsContentType(http.Response, options);
    }

    private static bool Ask(Func<IdempotencyResponseContext, bool> decides, IdempotencyResponseContext response)
    {
        try
        {
            return decides(response);
        }
        finally
        {
            response.End();
        }
    }

    // What stands between the host and an action validates with these two.
    private static bool MayBeValidation(int status) =>
        status is StatusCodes.Status400BadRequest or StatusCodes.Status422UnprocessableEntity;

    /// <summary>Below 500, except answers that tell the client to send the same operation again, with something else or later.</summary>
    private static bool KeepsByDefault(HttpResponse response, in ReadOnlySequence<byte> body, in AnswerFacts facts) =>
        response.StatusCode < StatusCodes.Status500InternalServerError
        && !facts.IsChallenge
        && !RetryStatuses.Contains(response.StatusCode)
        && !(response.StatusCode >= StatusCodes.Status400BadRequest && HasAny(Asking, response.Headers))
        && !(response.StatusCode is StatusCodes.Status402PaymentRequired && PaymentChallenge.IsIn(response.Headers, body));

    // No lambda: it would allocate for each response.
    internal static bool HasAny(string[] names, IHeaderDictionary headers)
    {
        foreach (var name in names)
        {
            if (headers[name].Count > 0)
                return true;
        }

        return false;
    }

    private static bool KeepsContentType(HttpResponse response, IdempotencyOptions options)
    {
        if (options.StoreContentTypes.Count == 0 || response.ContentType is not { } contentType)
            return true;

        return MediaTypeHeaderValue.TryParse(contentType, out var actual)
            && options.StoreContentTypes.Any(kept => MediaTypeHeaderValue.TryParse(kept, out var set) && Includes(set, actual));
    }

    private static bool Includes(MediaTypeHeaderValue set, MediaTypeHeaderValue actual) =>
        set.MatchesAllTypes
        || (set.Type.Equals(actual.Type, StringComparison.OrdinalIgnoreCase)
            && (set.MatchesAllSubTypes
                || set.SubType.Equals(actual.SubType, StringComparison.OrdinalIgnoreCase)
                || actual.Suffix.Equals(set.SubType, StringComparison.OrdinalIgnoreCase)));
}
