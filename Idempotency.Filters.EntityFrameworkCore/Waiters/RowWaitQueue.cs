using System.Buffers;
using Idempotency.Filters.EntityFrameworkCore.Rows;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.EntityFrameworkCore.Waiters;

/// <summary>
/// Those in this process who wait for one key, first come first served, and the one loop that looks at the key for all of them. It claims
/// nothing: whoever has the turn does, in its own request. Between two looks it has no connection.
/// </summary>
/// <param name="look">Looks at the key, and takes no lock.</param>
/// <param name="timeProvider">The clock of the pauses.</param>
internal sealed class RowWaitQueue(Func<Task<RowLook>> look, TimeProvider timeProvider)
{
    private const int ShortestPause = 20;
    private const int LongestPause = 250;

    private readonly Lock _gate = new();
    private readonly List<RowWaiter> _waiters = [];
    private TaskCompletionSource _changed = NewSource();
    private bool _ended;

    /// <returns>False when the queue has ended: its last waiter left.</returns>
    public bool TryJoin(RowWaiter waiter)
    {
        lock (_gate)
        {
            if (!_ended)
                _waiters.Add(waiter);
            return !_ended;
        }
    }

    /// <summary>After it, no turn reaches the waiter.</summary>
    public void Leave(RowWaiter waiter)
    {
        lock (_gate)
        {
            if (_waiters.Remove(waiter) && _waiters.Count == 0)
                _changed.TrySetResult();
        }

        waiter.Attempted();
    }

    /// <summary>This process has changed the key, so that a look is worth it at once.</summary>
    public void Changed()
    {
        lock (_gate)
            _changed.TrySetResult();
    }

    /// <param name="first">
    /// The waiter that began the queue. It claims at once, unless it claims over a record: that may be the answer of another first.
    /// </param>
    public async Task RunAsync(RowWaiter first)
    {
        try
        {
            if (!first.IsOver)
            {
                await AttemptAsync(first);
            }

            for (var pause = ShortestPause; !Ends(); pause = await PauseAsync(pause))
            {
                Begin();
                var found = await look();
                if (Next(found) is not { } next)
                    continue;

                await AttemptAsync(next);
                pause = ShortestPause;
            }
        }
        catch (Exception exception)
        {
            // Nobody may join a queue whose loop is over.
            lock (_gate)
                _ended = true;
            AnswerAll(_ => true, waiter => waiter.Fail(exception));
        }
    }

    /// <summary>Until the waiter has claimed the key or failed, a look would show the key free, and wake another.</summary>
    private static Task AttemptAsync(RowWaiter waiter)
    {
        var attempt = waiter.Attempt;
        waiter.Wake();
        return attempt;
    }

    /// <summary>Answers those whom the key has an answer for.</summary>
    /// <returns>Whose turn it is to claim; null when the key is in flight, or nobody is left.</returns>
    private RowWaiter? Next(RowLook found)
    {
        switch (found.Outcome)
        {
            case ClaimOutcome.InFlight:
                return null;
            case ClaimOutcome.Interrupted:
                AnswerAll(_ => true, waiter => waiter.Answer(ClaimResult.Interrupted));
                return null;
            case ClaimOutcome.Completed:
                var record = new ReadOnlySequence<byte>(found.Record ?? []);
                AnswerAll(waiter => !waiter.IsOver, waiter => waiter.Answer(ClaimResult.Completed(record)));
                break;
        }

        // Those who claim over a record come last: a record that they replace is first for all others to see.
        lock (_gate)
        {
            var over = _waiters.FirstOrDefault(waiter => waiter.IsOver);
            return found.Outcome == ClaimOutcome.Completed ? over : _waiters.FirstOrDefault(waiter => !waiter.IsOver) ?? over;
        }
    }

    private void AnswerAll(Func<RowWaiter, bool> due, Action<RowWaiter> answer)
    {
        RowWaiter[] answered;
        lock (_gate)
            answered = [.. _waiters.Where(due)];
        foreach (var waiter in answered)
        {
            answer(waiter);
            Leave(waiter);
        }
    }

    private bool Ends()
    {
        lock (_gate)
            return _ended = _waiters.Count == 0;
    }

    /// <summary>A change from here on may come too late for the look.</summary>
    private void Begin()
    {
        lock (_gate)
        {
            if (_changed.Task.IsCompleted)
                _changed = NewSource();
        }
    }

    private async Task<int> PauseAsync(int pause)
    {
        Task changed;
        lock (_gate)
            changed = _changed.Task;

        // Processes that wait for the same key must not look all at once.
        var length = TimeSpan.FromMilliseconds(pause * (0.75 + (Random.Shared.NextDouble() / 2)));
        using var over = new CancellationTokenSource();
        if (await Task.WhenAny(Task.Delay(length, timeProvider, over.Token), changed) == changed)
        {
            await over.CancelAsync();
            return ShortestPause;
        }

        return Math.Min(pause * 2, LongestPause);
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
