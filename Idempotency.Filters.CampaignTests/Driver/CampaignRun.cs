namespace Idempotency.Filters.CampaignTests.Driver;

/// <summary>What one part of a campaign is to do.</summary>
internal sealed record CampaignRun(CampaignMode Mode, int Seed, int Part, int Kills)
{
    /// <summary>The endpoints that clients use. Another one is planted by a test.</summary>
    public IReadOnlyList<string> Paths { get; init; } = ["/mvc", "/minimal"];
}
