using System.Collections.Frozen;

namespace Idempotency.Filters.Records;

/// <summary>
/// The response headers that belong to a connection, a user agent, an origin, a trace or a moment, and not to the answer. No record holds
/// them.
/// </summary>
/// <remarks>
/// The lists of vendors' names cannot be complete. A name that is missing is replayed, which misleads a reader of traces, and harms nothing
/// else.
/// </remarks>
internal static class NeverKeptHeaders
{
    // What a client trusts its server with. No release of this library has ever stored one, so another hand wrote a record that holds one.
    // Never add a name: a record of an older release may hold it. The other list is for new ones.
    private static readonly FrozenSet<string> Forged = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        [
            // The user agent's state.
            "Set-Cookie", "Set-Cookie2",

            // The connection and the framing of one message (RFC 9110, section 7.6.1; RFC 9112, section 6).
            "Connection", "Keep-Alive", "Proxy-Connection", "Upgrade", "HTTP2-Settings", "TE", "Trailer", "Transfer-Encoding", "Alt-Svc",

            // Credentials and challenges (RFC 9110, section 11).
            "WWW-Authenticate", "Proxy-Authenticate", "Authentication-Info", "Proxy-Authentication-Info", "Authorization",
            "Proxy-Authorization",
        ]);

    private static readonly FrozenSet<string> Names = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        [
            .. Forged,

            // Tokens that go with the state of a user agent.
            "X-CSRF-Token", "X-XSRF-Token", "RequestVerificationToken",

            // The framing of one message. A record may have the length that the action declared.
            "Content-Length", "Alt-Used",

            // The server that sends, and when it sends.
            "Date", "Server", "Age", "Cache-Status", "Proxy-Status", "X-Cache", "X-Cache-Hits", "X-Served-By", "X-Timer", "X-Runtime",
            "X-Response-Time", "Server-Timing",

            // Authentication: further challenges, and nonces (RFC 8053; RFC 8555; RFC 9449).
            "Optional-WWW-Authenticate", "Authentication-Control", "Persistent-Auth", "DPoP-Nonce", "Replay-Nonce",
            "OAuth-Client-Attestation-Challenge", "Secure-Session-Challenge", "Secure-Session-Registration", "Sec-Session-Challenge",
            "Sec-Session-Registration",

            // Tracing: W3C, ASP.NET Core, and common names.
            "traceparent", "tracestate", "traceresponse", "baggage", "Correlation-Context", "Request-Id", "Request-Context",
            "X-Request-Id", "X-RequestId", "Trace-Id", "TraceId", "X-TraceId", "X-Trace", "Span-Id", "X-Correlation",

            // Tracing: vendors.
            "b3", "uber-trace-id", "jaeger-debug-id", "jaeger-baggage", "x-ot-span-context", "grpc-trace-bin", "grpc-tags-bin",
            "sentry-trace", "newrelic", "elastic-apm-traceparent", "sw8", "sw8-correlation", "sw8-x", "x-cloud-trace-context",
            "x-amzn-RequestId", "x-amz-request-id", "x-amz-id-2", "x-amz-apigw-id", "x-amz-cf-id", "x-amz-cf-pop", "apim-request-id",
            "x-ms-request-id", "x-ms-client-request-id", "client-request-id", "x-ms-correlation-request-id", "x-ms-routing-request-id",
            "x-ms-activity-id", "x-ms-ags-diagnostic", "x-azure-ref", "x-msedge-ref", "cf-ray", "cf-request-id", "cf-cache-status",
            "fly-request-id", "x-vercel-id", "x-nf-request-id", "x-railway-request-id", "rndr-id", "akamai-grn", "x-akamai-request-id",
            "x-kong-request-id", "x-kong-upstream-latency", "x-kong-proxy-latency", "x-github-request-id", "x-goog-request-id",
        ]);

    private static readonly string[] Beginnings =
    [
        "Access-Control-", "X-B3-", "x-datadog-", "x-dynatrace", "x-instana-", "x-newrelic-", "x-envoy-", "x-honeycomb-", "ot-tracer-",
        "uberctx-", "pinpoint-", "adrum",
    ];

    private static readonly string[] Ends = ["-trace-id", "-traceid", "-span-id", "correlation-id"];

    // RateLimit-Policy, X-RateLimit-Reset, X-Rate-Limit-Reset, and the same behind a vendor's prefix.
    private static readonly string[] Parts = ["ratelimit", "rate-limit"];

    /// <summary>Whether a record that holds the header was written by something else.</summary>
    public static bool ProveForgery(string name) => Forged.Contains(name);

    // Loops, because a lambda would allocate for each header of each response.
    public static bool Contains(string name)
    {
        if (Names.Contains(name))
            return true;

        foreach (var text in Beginnings)
        {
            if (name.StartsWith(text, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        foreach (var text in Ends)
        {
            if (name.EndsWith(text, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        foreach (var text in Parts)
        {
            if (name.Contains(text, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }
}
