namespace Idempotency.Filters.Stores.DistributedCache;

/// <summary>Limits how long the store waits for a call into foreign code.</summary>
internal sealed class CallLimit(TimeSpan timeout, TimeProvider timeProvider)
{
    /// <param name="call">Its token fires when nobody waits any more. The call may ignore that.</param>
    /// <param name="onGivenUp">Gets the call if it failed or still runs: it may have taken effect, or may yet do so.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">The call took too long.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> call, Action<Task<T>> onGivenUp, CancellationToken cancellationToken)
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
            onGivenUp(running);
            if (exception is OperationCanceledException && limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
                throw new TimeoutException($"The cache or the lock of the idempotency store did not answer within {timeout}.", exception);
            throw;
        }
    }

    /// <summary>Observes a call that was given up and needs no cleanup, and ignores what it throws.</summary>
    public static async Task ForgetAsync(Task call) => await call.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
