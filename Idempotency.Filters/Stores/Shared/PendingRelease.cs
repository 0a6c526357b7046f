namespace Idempotency.Filters.Stores.Shared;

/// <summary>A claim that is being given up and may still stand.</summary>
/// <param name="Lease">The lease of the claim.</param>
/// <param name="IsGranted">Whether the store has certainly granted the claim; otherwise it may have.</param>
/// <param name="Patience">How long to try without an answer.</param>
internal sealed record PendingRelease(RenewedLease Lease, bool IsGranted, TimeSpan Patience)
{
    /// <summary>0 goes first: the claim certainly closes its key. 1: it may close it. 2: a late attempt may close it later.</summary>
    public int Rank => IsAnswered ? 2 : IsGranted ? 0 : 1;

    /// <summary>Whether the store has answered once. From then on only a late attempt can close the key.</summary>
    public bool IsAnswered { get; set; }

    /// <summary>Whether it has been in the queue before, which keeps its place there.</summary>
    public bool IsQueued { get; set; }

    /// <summary>How many repetitions are left after an answer.</summary>
    public int RepetitionsLeft { get; set; }

    /// <summary>How long to wait after the next failure.</summary>
    public TimeSpan Pause { get; set; }

    /// <summary>The moment from which a failure is the last one.</summary>
    public TimeSpan GivenUpAt { get; set; }
}
