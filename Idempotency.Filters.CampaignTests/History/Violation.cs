namespace Idempotency.Filters.CampaignTests.History;

/// <summary>Where a history breaks the promise.</summary>
internal sealed record Violation(ViolationKind Kind, string Key, string Details);
