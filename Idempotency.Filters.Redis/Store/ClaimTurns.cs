using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Redis.Store;

/// <summary>
/// Lets simultaneous claims of one key share a call, if that finds a record. Those who come while a call is on its way share the next: what
/// they get was found after they came. A claim that is alone pays two additions.
/// </summary>
internal sealed class ClaimTurns(TimeSpan timeout, TimeProvider timeProvider)
{
    // 32 KB. Keys that share a slot make one another look for turns that are not there.
    private const int Slots = 8 * 1024;

    private readonly int[] _underWay = new int[Slots];
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Key, int PreviewLength), Turn> _turns = [];

    /// <summary>A claim of the key begins.</summary>
    /// <returns>Whether it is alone. It may not be even if nobody else claims this key.</returns>
    public bool Enter(string key) => Interlocked.Increment(ref UnderWay(key)) == 1;

    /// <summary>A claim that has entered ends.</summary>
    public void Leave(string key) => Interlocked.Decrement(ref UnderWay(key));

    /// <summary>Makes a call, or takes the record that another's call finds.</summary>
    /// <param name="key">The key, and how much of a large record suffices.</param>
    /// <param name="call">Makes the call; the time of the operation began at its argument.</param>
    /// <param name="cancellationToken">Ends the wait for another's call.</param>
    public async ValueTask<ClaimResult> TakeAsync(
        (string Key, int PreviewLength) key, Func<long, ValueTask<ClaimResult>> call, CancellationToken cancellationToken)
    {
        var started = timeProvider.GetTimestamp();
        var turn = Join(key, out var before, out var leads);
        if (!leads)
        {
            await EndAsync(turn, cancellationToken);
            return turn.Ended.Task.IsCompleted && turn.Found is { } shared ? shared : await call(started);
        }

        ClaimResult? found = null;
        try
        {
            if (before is not null)
                await EndAsync(before, cancellationToken);
            var result = await call(started);
            // All else is one caller's own: an acquired claim, and also the news that there is none.
            if (result.Outcome is ClaimOutcome.Completed)
                found = result;
            return result;
        }
        finally
        {
            End(key, turn, before, found);
        }
    }

    private ref int UnderWay(string key) => ref _underWay[key.GetHashCode(StringComparison.Ordinal) & (Slots - 1)];

    /// <param name="key">The key.</param>
    /// <param name="before">The turn whose call is on its way; null = there is none.</param>
    /// <param name="leads">Whether the caller makes the call of the turn that is returned.</param>
    private Turn Join((string Key, int PreviewLength) key, out Turn? before, out bool leads)
    {
        lock (_gate)
        {
            if (!_turns.TryGetValue(key, out before))
            {
                leads = true;
                return _turns[key] = new();
            }

            leads = before.Next is null;
            return before.Next ??= new();
        }
    }

    private void End((string Key, int PreviewLength) key, Turn turn, Turn? before, ClaimResult? found)
    {
        lock (_gate)
        {
            if (before?.Next == turn && _turns.GetValueOrDefault(key) == before)
                // It was given up before its call could be made.
                before.Next = null;
            else if (turn.Next is { } next)
                _turns[key] = next;
            else
                _turns.Remove(key);
        }

        turn.Found = found;
        turn.Ended.SetResult();
    }

    private async ValueTask EndAsync(Turn turn, CancellationToken cancellationToken)
    {
        // When the time of the operation is over, the call says so.
        await turn.Ended.Task.WaitAsync(timeout, timeProvider, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>One call, and those who share it.</summary>
    private sealed class Turn
    {
        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Set at its end, if a record was found.</summary>
        public ClaimResult? Found { get; set; }

        /// <summary>Waits for the end of this one.</summary>
        public Turn? Next { get; set; }
    }
}
