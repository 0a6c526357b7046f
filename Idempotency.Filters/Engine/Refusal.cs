namespace Idempotency.Filters.Engine;

/// <summary>Why a request is refused although its handler ran: its transaction was not committed, or another one was.</summary>
/// <param name="Kind">The reason.</param>
/// <param name="Problem">What is wrong, where the kind has a place for it.</param>
internal sealed record Refusal(RejectionKind Kind, string? Problem = null);
