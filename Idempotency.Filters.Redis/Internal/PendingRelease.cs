using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Internal;

/// <summary>A claim that is given up, as long as it may still stand.</summary>
/// <param name="Key">The storage key.</param>
/// <param name="Keys">The same, as the script takes it.</param>
/// <param name="Arguments">The arguments of the script.</param>
/// <param name="IsGranted">Whether the server has granted the claim; else it may have.</param>
/// <param name="Patience">How long to try without an answer.</param>
internal sealed record PendingRelease(string Key, RedisKey[] Keys, RedisValue[] Arguments, bool IsGranted, TimeSpan Patience)
{
    /// <summary>0 = goes first: what closes its key for certain; then what may close it; then what may come to close it yet.</summary>
    public int Rank => IsAnswered ? 2 : IsGranted ? 0 : 1;

    /// <summary>Whether the server has answered once. From then on nothing but a late attempt can close the key.</summary>
    public bool IsAnswered { get; set; }

    /// <summary>Whether it has a place in the queue.</summary>
    public bool IsQueued { get; set; }

    /// <summary>How often it is repeated yet after it was answered.</summary>
    public int RepetitionsLeft { get; set; }

    /// <summary>How long to wait after the next failure.</summary>
    public TimeSpan Pause { get; set; }

    /// <summary>From when on a failure is the last.</summary>
    public TimeSpan GivenUpAt { get; set; }
}
