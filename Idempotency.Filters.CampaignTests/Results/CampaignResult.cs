using Idempotency.Filters.CampaignTests.History;

namespace Idempotency.Filters.CampaignTests.Results;

/// <summary>What one part of a campaign found.</summary>
/// <param name="Summary">Its numbers.</param>
/// <param name="Violations">Where the promise was broken.</param>
/// <param name="Folder">The files of its history.</param>
internal sealed record CampaignResult(CampaignSummary Summary, IReadOnlyList<Violation> Violations, string Folder);
