namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>Waits for calls of somebody else's code no longer than a store may.</summary>
internal sealed class CallLimit(TimeSpan timeout, TimeProvider timeProvider)
{
    /// <param name="call">Its token fires when nobody waits any more; that the call then ends is not relied upon.</param>
    /// <param name="left">Gets the call if it failed, or if it goes on alone: it may take effect, or have taken it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">The call took too long.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> call, Action<Task<T>> left, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var limit = new CancellationTokenSource(timeout, timeProvider);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var running = call(both.Token);
        try
        {
            return await running.WaitAsync(both.Token);
        }
        catch (Exception exception)
        {
            left(running);
            if (exception is OperationCanceledException && limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
                throw new TimeoutException($"The cache or the lock of the idempotency store did not answer within {timeout}.", exception);
            throw;
        }
    }

    /// <summary>For a call that leaves nothing behind. What it throws when nobody waits any more is of no interest.</summary>
    public static async Task ForgetAsync(Task call) => await call.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
