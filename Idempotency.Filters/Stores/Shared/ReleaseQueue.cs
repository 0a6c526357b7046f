using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.Shared;

/// <summary>
/// Gives claims up, including those that the store may or may not have granted. A release that fails is tried again in the background:
/// a claim without a holder would close its key until its lease ends, and for longer under <see cref="InterruptedBehavior.Block"/>.
/// A release that is in doubt is also repeated after the store has answered, in case an earlier attempt arrives late.
/// </summary>
/// <param name="release">Releases one claim in the store. It may be called again after it succeeded.</param>
/// <param name="mayPass">Whether a repetition may succeed after this exception.</param>
/// <param name="timeProvider">The clock of the pauses.</param>
/// <param name="logger">Hears of releases that failed, were given up, dropped, or left at the end.</param>
/// <param name="mostAtOnce">How many are sent again at once, at most.</param>
internal sealed class ReleaseQueue(
    Func<PendingRelease, CancellationToken, Task> release, Func<Exception, bool> mayPass, TimeProvider timeProvider, ILogger logger,
    int mostAtOnce = 100)
    : IDisposable
{
    // Each pause is twice the last, 32 seconds in all. A claim that arrives late closes its key for about as long as it was late.
    private const int Repetitions = 7;

    /// <summary>How many releases wait at most, some 5 MB, however long an outage lasts.</summary>
    public const int Capacity = 10_000;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortestPatience = TimeSpan.FromMinutes(5);

    private readonly LogThrottle _failed = new(timeProvider);
    private readonly LogThrottle _givenUp = new(timeProvider);
    private readonly CancellationTokenSource _stopping = new();
    private readonly long _origin = timeProvider.GetTimestamp();
    private readonly Lock _gate = new();

    // One queue for each rank, ordered by the moment of the next attempt.
    private readonly PriorityQueue<PendingRelease, TimeSpan>[] _waiting = [new(), new(), new()];
    private int _sending;
    private int _unanswered;
    private bool _runs;
    private bool _isFull;
    private bool _drains;

    private TimeSpan Now => timeProvider.GetElapsedTime(_origin);

    /// <summary>
    /// Sends the release before it returns to its caller, and so behind a claim that was sent before. Its task ends when the store has
    /// answered, or when the release goes on in the background. Never throws.
    /// </summary>
    /// <param name="lease">The lease of the claim.</param>
    /// <param name="granted">Whether the store has certainly granted the claim; otherwise it may have.</param>
    /// <param name="inDoubt">Whether a claim or a renewal went unanswered, and may arrive after the release.</param>
    public Task ReleaseAsync(RenewedLease lease, bool granted, bool inDoubt)
    {
        Interlocked.Increment(ref _unanswered);
        var patience = lease.Length > ShortestPatience ? lease.Length : ShortestPatience;
        return SendAsync(new(lease, granted, patience)
        {
            RepetitionsLeft = inDoubt ? Repetitions : 0,
            Pause = FirstPause,
            GivenUpAt = Now + patience,
        });
    }

    /// <summary>Tries every release that was never answered, without pauses, until none is left. Never throws.</summary>
    /// <param name="timeIsUp">Ends the attempt; then a Warning counts what is left.</param>
    public async Task DrainAsync(CancellationToken timeIsUp)
    {
        Volatile.Write(ref _drains, true);
        while (Volatile.Read(ref _unanswered) is var left && left > 0)
        {
            if (timeIsUp.IsCancellationRequested)
            {
                Tell(() => ReleaseLog.ReleasesLeft(logger, left));
                return;
            }

            await Task.Delay(FirstPause, timeProvider, timeIsUp).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose() => _stopping.Cancel();

    private async Task SendAsync(PendingRelease pending)
    {
        try
        {
            await release(pending, _stopping.Token);
            Answered(pending);
        }
        catch (Exception exception)
        {
            // When the application ends, the leases end by themselves.
            if (!_stopping.IsCancellationRequested)
                Failed(pending, exception);
        }
    }

    private void Answered(PendingRelease pending)
    {
        if (!pending.IsAnswered)
            Interlocked.Decrement(ref _unanswered);

        pending.IsAnswered = true;
        pending.GivenUpAt = Now + pending.Patience;
        if (pending.RepetitionsLeft == 0)
            return;

        var pause = FirstPause * (1 << (Repetitions - pending.RepetitionsLeft));
        pending.RepetitionsLeft--;
        Enqueue(pending, pause);
    }

    private void Failed(PendingRelease pending, Exception exception)
    {
        if (mayPass(exception) && Now < pending.GivenUpAt)
        {
            if (!pending.IsQueued && _failed.Admits(out var leftOut))
                Tell(() => ReleaseLog.ReleaseFailed(logger, exception, new(pending.Lease.Key), leftOut));
            Enqueue(pending, pending.Pause);
            pending.Pause = Backoff.After(pending.Pause, LongestPause);
        }
        else if (!pending.IsAnswered)
        {
            Interlocked.Decrement(ref _unanswered);
            if (_givenUp.Admits(out var leftOut))
                Tell(() => ReleaseLog.ReleaseGivenUp(logger, exception, new(pending.Lease.Key), leftOut));
        }
    }

    private void Enqueue(PendingRelease pending, TimeSpan pause)
    {
        bool fills, starts;
        lock (_gate)
        {
            var dropped = pending.IsQueued || _waiting.Sum(queue => queue.Count) < Capacity ? null : MakeRoom(pending);
            if (dropped is { IsAnswered: false })
                Interlocked.Decrement(ref _unanswered);
            if (dropped != pending)
                _waiting[pending.Rank].Enqueue(pending, Now + pause);

            pending.IsQueued = true;
            fills = dropped is not null && !_isFull;
            _isFull |= fills;
            starts = !_runs;
            _runs = true;
        }

        if (fills)
            Tell(() => ReleaseLog.ReleasesDropped(logger, Capacity));
        if (!starts)
            return;

        // The loop serves all requests, so it must not capture the context of one.
        using (ExecutionContext.SuppressFlow())
            _ = Task.Run(RunAsync);
    }

    /// <returns>The release that is dropped: one of the last rank, or the newcomer if no rank comes behind its own.</returns>
    private PendingRelease MakeRoom(PendingRelease newcomer)
    {
        for (var rank = _waiting.Length - 1; rank > newcomer.Rank; rank--)
        {
            if (_waiting[rank].TryDequeue(out var last, out _))
                return last;
        }

        return newcomer;
    }

    private async Task RunAsync()
    {
        while (TryTake(out var due))
        {
            // A release that hangs delays no other: the next turn does not wait for it.
            var turn = due.Count > 0
                ? Task.WhenAll(due.Select(SendAgainAsync)).WaitAsync(FirstPause, timeProvider)
                : Task.Delay(FirstPause, timeProvider, _stopping.Token);
            await turn.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task SendAgainAsync(PendingRelease pending)
    {
        await SendAsync(pending);
        lock (_gate)
            _sending--;
    }

    /// <summary>
    /// Takes the releases that are due, the first rank first, and no more than may be sent at once. There may be none yet.
    /// </summary>
    /// <returns>False when none is left; then the loop ends.</returns>
    private bool TryTake(out List<PendingRelease> due)
    {
        due = [];
        lock (_gate)
        {
            foreach (var queue in _waiting)
            {
                while (_sending < mostAtOnce && queue.TryPeek(out var pending, out var dueAt)
                    && (dueAt <= Now || (Volatile.Read(ref _drains) && !pending.IsAnswered)))
                {
                    due.Add(queue.Dequeue());
                    _sending++;
                }
            }

            _runs = !_stopping.IsCancellationRequested && (_sending > 0 || _waiting.Any(queue => queue.Count > 0));
            _isFull &= _runs;
            return _runs;
        }
    }

    /// <summary>A logger that throws must not end a release.</summary>
    private static void Tell(Action log)
    {
        try
        {
            log();
        }
        catch
        {
            // There is nobody left to tell.
        }
    }
}
