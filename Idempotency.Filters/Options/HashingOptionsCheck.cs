using Idempotency.Filters.Keys;
using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Options;

/// <summary>Checks the settings about hashes: a weak secret, and headers that would make every retry another request.</summary>
internal static class HashingOptionsCheck
{
    /// <summary>The length of a SHA-256 hash: a shorter key weakens HMAC (RFC 2104, section 3).</summary>
    private const int ShortestSecret = 32;

    // 32 random bytes have fewer than this many different ones in 1 of 10^40 cases, and 64 random hexadecimal digits in 1 of 10^15.
    private const int FewestDifferentBytes = 8;

    private static readonly string[] Changing = ["Authorization", "Proxy-Authorization", "Cookie", "DPoP", "traceparent", "tracestate"];
    private static readonly string[] OfTheBody = ["Content-Type", "Content-Length", "Transfer-Encoding"];

    public static void Check(IdempotencyOptions options, List<string> failures)
    {
        if (options.HashSecret is { } secret)
            CheckSecret(secret, failures);
        if (options.FingerprintHeaders is null)
            failures.Add("FingerprintHeaders is null: use an empty list for no further headers.");
        foreach (var name in options.FingerprintHeaders ?? [])
            CheckHeader(name, options, failures);
    }

    // The messages never show the secret.
    private static void CheckSecret(byte[] secret, List<string> failures)
    {
        if (secret.Length < ShortestSecret)
        {
            failures.Add(
                $"HashSecret has {secret.Length} bytes: use at least {ShortestSecret} random ones, from `openssl rand -base64 32` for "
                + "example.");
        }
        else if (secret.Distinct().Count() < FewestDifferentBytes)
        {
            failures.Add(
                $"HashSecret repeats fewer than {FewestDifferentBytes} different bytes, so it is not random: use at least {ShortestSecret} "
                + "random bytes, from `openssl rand -base64 32` for example.");
        }
    }

    private static void CheckHeader(string? name, IdempotencyOptions options, List<string> failures)
    {
        if (!HttpToken.IsValid(name))
            failures.Add($"FingerprintHeaders contains '{name}', which is not a header name: use letters, digits and hyphens.");
        else if (IsKeyHeader(name, options))
            failures.Add($"FingerprintHeaders contains '{name}', which carries the key and may be spelled in two ways: remove it.");
        else if (Changing.Contains(name, StringComparer.OrdinalIgnoreCase))
            failures.Add($"FingerprintHeaders contains '{name}', which changes between a request and its retry: remove it.");
        else if (OfTheBody.Contains(name, StringComparer.OrdinalIgnoreCase))
            failures.Add($"FingerprintHeaders contains '{name}', but the body and its media type are compared already: remove it.");
    }

    private static bool IsKeyHeader(string? name, IdempotencyOptions options) => options.KeySources is { Count: > 0 } sources
        ? sources.OfType<HeaderKeySource>().Any(source => source.IsNamed(name))
        : string.Equals(name, options.HeaderName, StringComparison.OrdinalIgnoreCase);
}
