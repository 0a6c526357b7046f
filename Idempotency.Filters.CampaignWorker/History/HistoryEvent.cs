namespace Idempotency.Filters.CampaignWorker.History;

/// <summary>One line of a history.</summary>
public sealed record HistoryEvent
{
    public required HistoryEventKind Kind { get; init; }

    /// <summary>By the clock of the machine, which all processes share.</summary>
    public DateTimeOffset At { get; init; } = DateTimeOffset.UtcNow;

    public string? Key { get; init; }

    public int? Client { get; init; }

    public int? Worker { get; init; }

    public CrashPoint? Point { get; init; }

    /// <summary>The answer that a client got or an effect belongs to; what else the kind says.</summary>
    public string? Answer { get; init; }
}
