using System.Buffers;

namespace Idempotency.Filters.Responses;

/// <summary>
/// A 402 that says how to pay and then to send the same request again. A 402 without such a challenge is an outcome, such as a declined
/// card.
/// </summary>
internal static class PaymentChallenge
{
    // x402 version 2, its forerunners, and pay per crawl. L402 and the Payment scheme use WWW-Authenticate.
    private static readonly string[] Headers =
    [
        "Payment-Required", "X-Payment-Required", "Payment-Requirements", "X-Payment-Requirements", "Accept-Payment", "X-Accept-Payment",
        "Crawler-Price",
    ];

    // x402 version 1 puts the challenge into a JSON body.
    private static ReadOnlySpan<byte> Property => "\"x402Version\""u8;

    public static bool IsIn(IHeaderDictionary headers, in ReadOnlySequence<byte> body) =>
        KeepRule.HasAny(Headers, headers) || new SequenceReader<byte>(body).TryReadTo(out ReadOnlySequence<byte> _, Property);
}
