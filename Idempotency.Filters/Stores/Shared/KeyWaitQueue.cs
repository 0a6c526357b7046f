using System.Buffers;

namespace Idempotency.Filters.Stores.Shared;

/// <summary>Who waits for one key in this process, first come first served, and the one loop that asks the store for all of them.</summary>
internal sealed class KeyWaitQueue
{
    private readonly Lock _gate = new();
    private readonly LinkedList<KeyWaiter> _waiters = new();
    private readonly TaskCompletionSource _emptied = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <returns>False when the queue has ended: its last waiter left.</returns>
    public bool TryJoin(KeyWaiter waiter)
    {
        lock (_gate)
        {
            if (_emptied.Task.IsCompleted)
                return false;

            _waiters.AddLast(waiter.Node);
            return true;
        }
    }

    /// <returns>Whether the waiter was still there, so that the caller decides its answer.</returns>
    public bool Leave(KeyWaiter waiter)
    {
        lock (_gate)
        {
            if (waiter.Node.List is null)
                return false;

            _waiters.Remove(waiter.Node);
            if (_waiters.Count == 0)
                _emptied.SetResult();
            return true;
        }
    }

    public async Task RunAsync(Func<ValueTask<KeyWatch>> open)
    {
        try
        {
            await using var watch = await open();
            while (Next() is { } waiter)
                await AskAsync(watch, waiter);
        }
        catch (Exception exception)
        {
            // Also those who join meanwhile: nothing runs for this queue any more.
            while (Next() is { } waiter)
            {
                if (Leave(waiter))
                    waiter.SetException(exception);
            }
        }
    }

    private async ValueTask AskAsync(KeyWatch watch, KeyWaiter waiter)
    {
        var result = await watch.TryClaimAsync(waiter.Options);
        switch (result.Outcome)
        {
            case ClaimOutcome.Acquired when Leave(waiter):
                waiter.SetResult(result);
                break;
            case ClaimOutcome.Acquired:
                await result.Claim!.DisposeAsync();
                break;
            case ClaimOutcome.Completed:
                // The answer of one is the answer of all, in one copy that is nobody's to give back.
                var record = new ReadOnlySequence<byte>(result.Record.ToArray());
                result.Dispose();
                AnswerAll(other => !other.Options.OverCompleted, ClaimResult.Completed(record));
                break;
            case ClaimOutcome.InFlight:
                await watch.ChangedAsync(_emptied.Task);
                break;
            default:
                AnswerAll(_ => true, result);
                break;
        }
    }

    private void AnswerAll(Func<KeyWaiter, bool> due, ClaimResult result)
    {
        foreach (var waiter in Waiting(due))
        {
            if (Leave(waiter))
                waiter.SetResult(result);
        }
    }

    /// <summary>Those who claim over a record come last: a record that they replace is first for all others to see.</summary>
    private KeyWaiter? Next()
    {
        lock (_gate)
            return _waiters.FirstOrDefault(waiter => !waiter.Options.OverCompleted) ?? _waiters.First?.Value;
    }

    private KeyWaiter[] Waiting(Func<KeyWaiter, bool> due)
    {
        lock (_gate)
            return [.. _waiters.Where(due)];
    }
}
