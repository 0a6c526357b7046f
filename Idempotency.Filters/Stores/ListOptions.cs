namespace Idempotency.Filters.Stores;

/// <summary>Which keys to list, and how much of each.</summary>
public readonly record struct ListOptions
{
    /// <summary>
    /// What the listed storage keys begin with, exactly. A store that keeps no storage keys ignores it, and lists all keys it has.
    /// </summary>
    public required string Prefix { get; init; }

    /// <summary>
    /// The states of the listed keys: any of <see cref="ClaimOutcome.InFlight"/>, <see cref="ClaimOutcome.Completed"/> and
    /// <see cref="ClaimOutcome.Interrupted"/>.
    /// </summary>
    public required IReadOnlyCollection<ClaimOutcome> States { get; init; }

    /// <summary>
    /// How many bytes of each record are enough, from its first: a listing need not read whole bodies. Null = all. A store may return more.
    /// Default null.
    /// </summary>
    public int? RecordLength { get; init; }
}
