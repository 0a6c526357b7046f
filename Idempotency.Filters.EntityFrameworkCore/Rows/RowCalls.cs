using System.Data.Common;
using Idempotency.Filters.EntityFrameworkCore.Databases;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Shared;

namespace Idempotency.Filters.EntityFrameworkCore.Rows;

/// <summary>
/// Runs operations within their time limit. One that may pass is tried again with the same token, by which it recognises what an attempt
/// without a reply has done.
/// </summary>
internal sealed class RowCalls(TimeSpan timeout, TimeProvider timeProvider)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);

    /// <exception cref="TimeoutException">The database could not be reached, or did not answer in time.</exception>
    /// <exception cref="IdempotencyStoreFullException">The database has no room. The call has not taken effect.</exception>
    public async Task<RowAnswer<T>> RunAsync<T>(
        Database database, Func<IdempotencyRows, DbConnection, CancellationToken, Task<T>> operation, CancellationToken cancellationToken)
    {
        var started = timeProvider.GetTimestamp();
        var (inDoubt, wasSent) = (false, false);
        for (var pause = FirstPause; ; pause = Backoff.After(pause, LongestPause))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var left = timeout - timeProvider.GetElapsedTime(started);
            left = left > TimeSpan.Zero ? left : TimeSpan.Zero;
            Task<T>? sent = null;
            try
            {
                sent = SendAsync(database, Note, left, cancellationToken);
                // Not every client can be cancelled while it waits. An attempt that the caller gives up is waited for all the same: a
                // release that overtakes it would leave the key closed.
                return new(await sent.WaitAsync(left, timeProvider, CancellationToken.None), inDoubt);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested && MayPass(exception))
            {
                Forget(sent);
                inDoubt |= Volatile.Read(ref wasSent) && !DatabaseErrors.IsConflict(exception);
                if (timeProvider.GetElapsedTime(started) + pause >= timeout)
                    throw new TimeoutException($"The database did not answer within {timeout}: {exception.Message}", exception);
            }
            catch (Exception exception) when (cancellationToken.IsCancellationRequested)
            {
                Forget(sent);
                throw new OperationCanceledException(exception.Message, exception, cancellationToken);
            }
            catch (Exception exception) when (DatabaseErrors.IsFull(exception))
            {
                throw new IdempotencyStoreFullException("The database has no room: " + exception.Message);
            }

            await Task.Delay(pause, timeProvider, cancellationToken);
        }

        // Without a connection, nothing is in doubt.
        Task<T> Note(IdempotencyRows rows, DbConnection connection, CancellationToken token)
        {
            Volatile.Write(ref wasSent, true);
            return operation(rows, connection, token);
        }
    }

    /// <summary>Whether a later attempt may succeed. An attempt that was cancelled here took too long.</summary>
    public static bool MayPass(Exception exception) =>
        exception is OperationCanceledException || DatabaseErrors.IsUnreachable(exception) || DatabaseErrors.IsConflict(exception);

    // On the thread pool: the clients of some databases work synchronously.
    private Task<T> SendAsync<T>(
        Database database, Func<IdempotencyRows, DbConnection, CancellationToken, Task<T>> operation, TimeSpan left,
        CancellationToken cancellationToken) => Task.Run(
            async () =>
            {
                using var late = new CancellationTokenSource(left, timeProvider);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
                return await database.RunAsync((connection, token) => operation(database.Rows, connection, token), either.Token);
            },
            CancellationToken.None);

    /// <summary>Nobody waits any more: an exception that comes later must not become an unobserved one.</summary>
    private static void Forget(Task? sent) => sent?.ContinueWith(
        static failed => _ = failed.Exception, CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
