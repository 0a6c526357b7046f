using Idempotency.Filters.Stores;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Internal;

/// <summary>
/// The lease of a claim, as far as this process knows: it lasts at least until <see cref="EndsAt"/>. Moments are those of <see
/// cref="LeaseRenewal"/>, under whose lock they are read and set.
/// </summary>
internal sealed class RenewedLease
{
    private readonly long _length;
    private CancellationTokenSource? _lost;

    public RenewedLease(string key, RedisKey[] keys, byte[] token, in ClaimOptions options, long now)
    {
        Key = key;
        Keys = keys;
        Token = token;
        Node = new(this);
        _length = options.Lease.Ticks;
        RenewedUntil = options.RenewFor is { } renewFor && renewFor.Ticks < long.MaxValue - now ? now + renewFor.Ticks : long.MaxValue;
        Confirm(now);
    }

    public string Key { get; }

    public RedisKey[] Keys { get; }

    public byte[] Token { get; }

    public LinkedListNode<RenewedLease> Node { get; }

    /// <summary>From when on it is no longer renewed.</summary>
    public long RenewedUntil { get; }

    public long EndsAt { get; private set; }

    /// <summary>When it is to be renewed. A renewal that failed leaves it as it was, and so is tried again at the next look.</summary>
    public long RenewalDueAt { get; private set; }

    /// <summary>How often to look at it: often enough for several failures of renewal within a lease.</summary>
    public TimeSpan Pace => TimeSpan.FromTicks(Math.Max(_length / 12, TimeSpan.TicksPerMillisecond));

    /// <summary>Whether an attempt to claim, or to renew, went unanswered: it may reach the server after the release, and hold the key again.</summary>
    public bool InDoubt { get; set; }

    /// <summary>The renewal that runs, or the last one.</summary>
    public Task Renewal { get; set; } = Task.CompletedTask;

    public CancellationToken Lost =>
        (_lost ?? Interlocked.CompareExchange(ref _lost, new(), null) ?? _lost).Token;

    /// <summary>The server holds it for its whole length, counted from <paramref name="moment"/> or later.</summary>
    public void Confirm(long moment)
    {
        EndsAt = _length < long.MaxValue - moment ? moment + _length : long.MaxValue;
        RenewalDueAt = moment + _length / 3;
    }

    /// <summary>Safe under a lock: the callbacks of <see cref="Lost"/> run on the thread pool.</summary>
    public void Lose()
    {
        _ = Lost;
        _ = _lost!.CancelAsync();
    }
}
