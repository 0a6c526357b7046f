namespace Idempotency.Filters.Stores;

/// <summary>The terms of a claim.</summary>
public readonly record struct ClaimOptions
{
    /// <summary>How long the claim outlives its holder's last sign of life. The store renews it while it is held.</summary>
    public required TimeSpan Lease { get; init; }

    /// <summary>
    /// For how long the store renews the lease, counted from the claim; null = as long as the claim is held. After it a hung holder loses
    /// the key one <see cref="Lease"/> later.
    /// </summary>
    public TimeSpan? RenewFor { get; init; }

    /// <summary>
    /// Claims a completed key too (manual mode). The record stands, readable as <see cref="IdempotencyClaim.PreviousRecord"/>, until the
    /// claim completes; a release, or a lease that runs out, leaves it standing. Default false.
    /// </summary>
    public bool OverCompleted { get; init; }

    /// <summary>What becomes of the key when the lease runs out uncompleted. Default <see cref="InterruptedBehavior.Retry"/>.</summary>
    public InterruptedBehavior WhenInterrupted { get; init; }

    /// <summary>
    /// How long an interrupted key stays refused, counted from the end of its lease; null = until it is resolved. Used only with
    /// <see cref="InterruptedBehavior.Block"/>.
    /// </summary>
    public TimeSpan? BlockFor { get; init; }

    /// <summary>
    /// Whose key it is, for stores that limit how much one caller may hold: the caller alone, without what
    /// <see cref="IdempotencyOptions.KeyScope"/> adds. It may name a person; null outside a request. Default null.
    /// </summary>
    public string? Caller { get; init; }

    /// <summary>The services of the request, for stores that share its unit of work; null outside a request.</summary>
    public IServiceProvider? RequestServices { get; init; }
}
