namespace Idempotency.Filters.CampaignWorker.Effects;

/// <summary>A row of the business. Nothing but the transaction keeps a key from having two.</summary>
public sealed class Payment
{
    public long Id { get; init; }

    public required string Key { get; init; }

    public required string Answer { get; init; }

    public required int Worker { get; init; }

    public required DateTime At { get; init; }
}
