namespace Idempotency.Filters.Stores.Shared;

/// <summary>
/// The lease of one claim, as far as this process knows: it lasts at least until <see cref="EndsAt"/>. All moments are those of <see
/// cref="LeaseRenewal.Now"/>; they are read and set under the lock of the <see cref="LeaseRenewal"/>.
/// </summary>
internal sealed class RenewedLease
{
    private CancellationTokenSource? _lost;

    /// <param name="key">The storage key.</param>
    /// <param name="token">The owner token of the claim.</param>
    /// <param name="options">The terms of the claim.</param>
    /// <param name="now">A moment before the claim was sent.</param>
    public RenewedLease(string key, byte[] token, in ClaimOptions options, long now)
    {
        Key = key;
        Token = token;
        Node = new(this);
        Length = options.Lease;
        RenewedUntil = StoreClock.After(now, options.RenewFor);
        Confirm(now);
    }

    public string Key { get; }

    public byte[] Token { get; }

    /// <summary>What else the store needs to find the claim again; null = nothing.</summary>
    public object? State { get; init; }

    public TimeSpan Length { get; }

    public LinkedListNode<RenewedLease> Node { get; }

    /// <summary>The moment at which renewal ends.</summary>
    public long RenewedUntil { get; }

    public long EndsAt { get; private set; }

    /// <summary>The moment of the next renewal. A renewal that fails does not move it, so it is tried again at the next look.</summary>
    public long RenewalDueAt { get; private set; }

    /// <summary>How often to look at it: often enough for several failures of renewal within a lease.</summary>
    public TimeSpan Pace => TimeSpan.FromTicks(Math.Max(Length.Ticks / 12, TimeSpan.TicksPerMillisecond));

    /// <summary>Whether a claim or a renewal went unanswered. It may reach the store after the release, and hold the key again.</summary>
    public bool InDoubt { get; set; }

    /// <summary>The renewal that is running, or the last one. Never faulted.</summary>
    public Task Renewal { get; set; } = Task.CompletedTask;

    public CancellationToken Lost =>
        (_lost ?? Interlocked.CompareExchange(ref _lost, new(), null) ?? _lost).Token;

    /// <summary>The store holds the lease for its whole length, counted from <paramref name="moment"/> or later.</summary>
    public void Confirm(long moment)
    {
        EndsAt = StoreClock.After(moment, Length);
        RenewalDueAt = moment + (Length.Ticks / 3);
    }

    /// <summary>Safe under a lock: the callbacks of <see cref="Lost"/> run on the thread pool.</summary>
    public void Lose()
    {
        _ = Lost;
        _ = _lost!.CancelAsync();
    }
}
