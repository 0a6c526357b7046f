using Idempotency.Filters.Stores;

namespace Idempotency.Filters.EntityFrameworkCore.Waiters;

/// <summary>
/// One request that waits for a key. Its turn ends without an answer (null), for it to claim the key itself, or with the answer of all.
/// </summary>
internal sealed class RowWaiter(bool over)
{
    private TaskCompletionSource<ClaimResult?> _turn = NewSource<ClaimResult?>();
    private TaskCompletionSource _attempt = NewSource();

    /// <summary>Whether it claims over a record: then a record is no answer for it.</summary>
    public bool IsOver => over;

    public Task<ClaimResult?> Turn => _turn.Task;

    /// <summary>The attempt to claim that follows a turn; ended also by one who leaves instead.</summary>
    public Task Attempt => _attempt.Task;

    public void Answer(ClaimResult result) => _turn.TrySetResult(result);

    public void Fail(Exception exception) => _turn.TrySetException(exception);

    public void Wake() => _turn.TrySetResult(null);

    public void Attempted() => _attempt.TrySetResult();

    /// <summary>Waits for the next turn, after an attempt for which another process was faster.</summary>
    public void AttemptedInVain()
    {
        var attempt = _attempt;
        (_turn, _attempt) = (NewSource<ClaimResult?>(), NewSource());
        attempt.TrySetResult();
    }

    private static TaskCompletionSource<T> NewSource<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
