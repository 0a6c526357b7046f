namespace Idempotency.Filters.Stores;

/// <summary>How to claim a key.</summary>
public readonly record struct ClaimOptions
{
    /// <summary>How long the claim lasts after its last renewal. The store renews it while the holder keeps it.</summary>
    public required TimeSpan Lease { get; init; }

    /// <summary>
    /// How long the store keeps renewing the lease, counted from the claim; null = as long as the claim is held. A holder that hangs longer
    /// loses the key one <see cref="Lease"/> later. Default null.
    /// </summary>
    public TimeSpan? RenewFor { get; init; }

    /// <summary>
    /// Whether a completed key can be claimed too (manual mode). Its record stays in the store until this claim completes, and is readable
    /// as <see cref="IdempotencyClaim.PreviousRecord"/>. If the claim is released or its lease runs out, the record stays. Default false.
    /// </summary>
    public bool OverCompleted { get; init; }

    /// <summary>What happens to the key if the lease runs out before completion. Default <see cref="InterruptedBehavior.Retry"/>.</summary>
    public InterruptedBehavior WhenInterrupted { get; init; }

    /// <summary>
    /// What happens to the key if the action fails. The holder itself releases the key, or completes it with a record that says so. A store
    /// needs to know only whether the claim must outlast its unit of work. Default <see cref="FailureBehavior.Release"/>.
    /// </summary>
    public FailureBehavior WhenFailed { get; init; }

    /// <summary>
    /// What happens to the request if the store cannot be reached. A store that knows to be cut off may say so at once, but not under
    /// <see cref="StoreDownBehavior.Execute"/>: there the action would run unprotected, although the store may be back within the time of
    /// the call. Default <see cref="StoreDownBehavior.Reject"/>.
    /// </summary>
    public StoreDownBehavior WhenStoreIsDown { get; init; }

    /// <summary>
    /// How many bytes at the beginning of a record the caller needs in order to tell whether it wants the rest; 0 = all. For a large
    /// record, a store that sends records over a network may answer with <see cref="ClaimResult.CompletedInPart"/>. Default 0.
    /// </summary>
    public int PreviewLength { get; init; }

    /// <summary>
    /// How long an interrupted key stays blocked, counted from the end of its lease; null = until an operator resolves it. Used only with
    /// <see cref="InterruptedBehavior.Block"/>. Default null.
    /// </summary>
    public TimeSpan? BlockFor { get; init; }

    /// <summary>
    /// The caller who owns the key, without what <see cref="IdempotencyOptions.KeyScope"/> adds. Stores use it to limit how much one caller
    /// may hold. It may identify a person. Null outside a request. Default null.
    /// </summary>
    public string? Caller { get; init; }

    /// <summary>
    /// How long the record is to be kept, counted from its completion; null = for ever.
    /// <see cref="IdempotencyClaim.CompleteAsync"/> has the last word. Stores that fix the end of a row when they make it need it early.
    /// Default null.
    /// </summary>
    public TimeSpan? Retention { get; init; }

    /// <summary>
    /// Whether the record is committed together with what the action writes, in the unit of work of <see cref="RequestServices"/>. The
    /// holder runs its action by <see cref="IdempotencyClaim.RunAsync"/> then. Default false.
    /// </summary>
    public bool Transactional { get; init; }

    /// <summary>The services of the request, for stores that share its unit of work. Null outside a request.</summary>
    public IServiceProvider? RequestServices { get; init; }
}
