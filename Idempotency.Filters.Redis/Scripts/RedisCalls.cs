using Idempotency.Filters.Redis.Connection;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Shared;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Scripts;

/// <summary>
/// Runs scripts within the time limit of an operation. A call that may pass is tried again with the same arguments, so every script
/// recognises the repetition of a call whose reply was lost.
/// </summary>
internal sealed class RedisCalls(RedisConnection connection, TimeSpan timeout, TimeProvider timeProvider)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);

    private readonly RedisDiagnosis _diagnosis = new(connection, timeProvider);
    private readonly RedisOutage _outage = new(connection, timeout, timeProvider);

    public TimeSpan Timeout => timeout;

    /// <summary>
    /// Spares a caller the wait for a connection that has been away for the time of an operation. Nothing is sent, and the client goes on
    /// to connect by itself.
    /// </summary>
    /// <exception cref="RedisConnectionException">The connection has been away that long.</exception>
    public void ThrowIfAway()
    {
        if (!_outage.HasLasted)
            return;

        var reason = _diagnosis.Reason ?? $"the connection has been away for {timeout} or longer.";
        _diagnosis.BeginUnlessConnected();
        throw new RedisConnectionException(ConnectionFailureType.UnableToConnect, $"Redis could not be reached: {reason}");
    }

    /// <param name="script">The script.</param>
    /// <param name="keys">Its key, or none.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="cancellationToken">Gives the call up.</param>
    /// <param name="started">When the time of the operation began; 0 = now.</param>
    /// <exception cref="TimeoutException">Redis did not answer, or not every attempt, in time.</exception>
    /// <exception cref="IdempotencyStoreFullException">
    /// Redis has reached its maxmemory. The call has not taken effect, and will not.
    /// </exception>
    /// <exception cref="InvalidDataException">The key holds what this version cannot read. The call has not taken effect.</exception>
    /// <exception cref="RedisServerException">Redis refused. The call has not taken effect, and will not.</exception>
    /// <exception cref="RedisException">Redis could not be reached in time.</exception>
    public async Task<RedisAnswer> EvaluateAsync(
        RedisScript script, RedisKey[] keys, RedisValue[] arguments, CancellationToken cancellationToken, long started = 0)
    {
        if (started == 0)
            started = timeProvider.GetTimestamp();
        if (timeProvider.GetElapsedTime(started) >= timeout)
            throw new TimeoutException($"Redis did not answer within {timeout}.");

        var known = true;
        var inDoubt = false;
        for (var pause = FirstPause; ; pause = Backoff.After(pause, LongestPause))
        {
            var left = timeout - timeProvider.GetElapsedTime(started);
            Task<RedisResult>? sent = null;
            try
            {
                // What is sent takes effect, whether or not somebody waits for the reply.
                cancellationToken.ThrowIfCancellationRequested();
                sent = SendAsync(script, known, keys, arguments);
                _diagnosis.BeginUnlessConnected();
                return new(await sent.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, timeProvider, cancellationToken), inDoubt);
            }
            catch (Exception exception) when (RedisErrors.MayPass(exception, cancellationToken))
            {
                Forget(sent);
                var refused = exception is RedisServerException;
                if (timeProvider.GetElapsedTime(started) + pause >= timeout)
                {
                    var reason = _diagnosis.Reason;
                    if (exception is RedisConnectionException failure && reason is not null)
                        throw new RedisConnectionException(failure.FailureType, $"Redis could not be reached: {reason}", failure);
                    if (exception is RedisException && !(refused && inDoubt))
                        throw;
                    throw new TimeoutException(
                        $"Redis did not answer within {timeout}{(reason is null ? "." : $": {reason}")}", exception);
                }

                inDoubt |= !refused;
                if (known && RedisErrors.IsUnknownScript(exception))
                {
                    // The server hears of the script for the first time, or was told to forget it: no reason to pause.
                    known = false;
                    continue;
                }
            }
            catch (OperationCanceledException)
            {
                Forget(sent);
                throw;
            }
            catch (RedisServerException exception) when (RedisErrors.IsUnreadable(exception))
            {
                // Also after an attempt that was not answered: no attempt can have taken effect on such a key.
                throw new InvalidDataException("Redis holds something under the key that cannot be read. " + exception.Message, exception);
            }
            catch (RedisServerException exception)
            {
                if (inDoubt)
                {
                    throw new TimeoutException(
                        "Redis did not answer an attempt in time, and refused the next: " + exception.Message, exception);
                }

                if (!RedisErrors.IsFull(exception))
                    throw;
                throw new IdempotencyStoreFullException(
                    "Redis has reached its maxmemory: raise it, or shorten the retention. " + exception.Message);
            }

            await Task.Delay(pause, timeProvider, cancellationToken);
        }
    }

    /// <summary>Nobody waits any more: an exception that comes later must not become an unobserved one.</summary>
    public static void Forget(Task? sent) => sent?.ContinueWith(
        static failed => _ = failed.Exception, CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private Task<RedisResult> SendAsync(RedisScript script, bool known, RedisKey[] keys, RedisValue[] arguments)
    {
        var link = connection.LinkAsync();
        return link.IsCompletedSuccessfully ? Send(link.Result.Database) : ConnectAndSendAsync();

        Task<RedisResult> Send(IDatabase database) => known
            ? database.ScriptEvaluateAsync(script.Hash, keys, arguments, CommandFlags.DemandMaster)
            : database.ScriptEvaluateAsync(script.Text, keys, arguments, CommandFlags.DemandMaster);

        async Task<RedisResult> ConnectAndSendAsync() => await Send((await link).Database);
    }
}
