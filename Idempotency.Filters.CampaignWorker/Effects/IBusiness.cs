namespace Idempotency.Filters.CampaignWorker.Effects;

/// <summary>The business, which has one effect for a key, and must not have two.</summary>
public interface IBusiness
{
    Task SaveAsync(string key, string answer);
}
