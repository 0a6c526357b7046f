using Idempotency.Filters.Stores;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Internal;

/// <summary>
/// Runs scripts within the time limit of an operation. What may pass is tried again with the same arguments, which is why every script
/// takes the repetition of a call, whose reply was lost, for that call.
/// </summary>
internal sealed class RedisCalls(RedisConnection connection, RedisSilence silence, TimeSpan timeout, TimeProvider timeProvider)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);

    // What a server says that starts, fails over, hands the key's slot to another, or misses its replicas or its disk for a while.
    private static readonly string[] Passing =
    [
        "NOSCRIPT", "LOADING", "TRYAGAIN", "MOVED", "ASK", "CLUSTERDOWN", "READONLY", "MASTERDOWN", "BUSY", "NOREPLICAS", "MISCONF",
    ];

    public TimeSpan Timeout => timeout;

    /// <exception cref="TimeoutException">Redis did not answer, or not every attempt, in time.</exception>
    /// <exception cref="IdempotencyStoreFullException">Redis has reached its maxmemory. The call has not taken effect, and will not.</exception>
    /// <exception cref="RedisServerException">Redis refused. The call has not taken effect, and will not.</exception>
    /// <exception cref="RedisException">Redis could not be reached in time.</exception>
    public async Task<RedisAnswer> EvaluateAsync(
        RedisScript script, RedisKey[] keys, RedisValue[] arguments, CancellationToken cancellationToken)
    {
        var started = timeProvider.GetTimestamp();
        var known = true;
        var inDoubt = false;
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            var left = timeout - timeProvider.GetElapsedTime(started);
            Task<RedisResult>? sent = null;
            try
            {
                // What is sent takes effect, whether or not somebody waits for the reply.
                cancellationToken.ThrowIfCancellationRequested();
                sent = SendAsync(script, known, keys, arguments);
                var result = await sent.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, timeProvider, cancellationToken);
                silence.Answered();
                return new(result, inDoubt);
            }
            catch (Exception exception) when (MayPass(exception, cancellationToken))
            {
                Forget(sent);
                var refused = exception is RedisServerException;
                if (refused)
                    silence.Answered();
                else
                    silence.Unanswered();
                if (timeProvider.GetElapsedTime(started) + pause >= timeout)
                {
                    if (exception is RedisException && !(refused && inDoubt))
                        throw;
                    throw new TimeoutException($"Redis did not answer within {timeout}.", exception);
                }

                inDoubt |= !refused;
                if (known && refused && Says(exception.Message, "NOSCRIPT"))
                {
                    // This server hears of the script for the first time, or was told to forget it: that is no reason to pause.
                    known = false;
                    continue;
                }
            }
            catch (OperationCanceledException)
            {
                Forget(sent);
                throw;
            }
            catch (RedisServerException exception)
            {
                silence.Answered();
                if (inDoubt)
                    throw new TimeoutException("Redis did not answer an attempt in time, and refused the next: " + exception.Message, exception);
                if (!Says(exception.Message, "OOM"))
                    throw;
                throw new IdempotencyStoreFullException(
                    "Redis has reached its maxmemory: raise it, or shorten the retention. " + exception.Message);
            }

            await Task.Delay(pause, timeProvider, cancellationToken);
        }
    }

    /// <summary>
    /// Whether a repetition may succeed. A client that loses its connection may cancel its calls: that is not the caller's cancellation.
    /// </summary>
    public static bool MayPass(Exception exception, CancellationToken cancellationToken) => exception switch
    {
        RedisServerException => Array.Exists(Passing, code => Says(exception.Message, code)),
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        _ => exception is RedisConnectionException or TimeoutException,
    };

    /// <summary>
    /// Whether an error has this code, its first word. Redis 6.2 wraps the errors of the commands in a script: "ERR Error running script (call
    /// to f_…): @user_script:12: @user_script: 12: -READONLY You can't write …".
    /// </summary>
    private static bool Says(string error, string code)
    {
        const string Wrapping = "ERR Error running script";
        return error.StartsWith(code, StringComparison.Ordinal)
            || (error.StartsWith(Wrapping, StringComparison.Ordinal) && error.Contains($": -{code} ", StringComparison.Ordinal));
    }

    private Task<RedisResult> SendAsync(RedisScript script, bool known, RedisKey[] keys, RedisValue[] arguments)
    {
        var link = connection.LinkAsync();
        return link.IsCompletedSuccessfully ? Send(link.Result.Database) : ConnectAndSendAsync();

        Task<RedisResult> Send(IDatabase database) => known
            ? database.ScriptEvaluateAsync(script.Hash, keys, arguments, CommandFlags.DemandMaster)
            : database.ScriptEvaluateAsync(script.Text, keys, arguments, CommandFlags.DemandMaster);

        async Task<RedisResult> ConnectAndSendAsync() => await Send((await link).Database);
    }

    /// <summary>Nobody waits any more: what still comes of it is nobody's unobserved exception.</summary>
    public static void Forget(Task? sent) => sent?.ContinueWith(
        static failed => _ = failed.Exception, CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}

/// <summary>What a script answered.</summary>
/// <param name="Result">The answer.</param>
/// <param name="InDoubt">
/// Whether an earlier attempt of the call went unanswered: it may have taken effect, and what is late on a broken connection may do so yet.
/// </param>
internal readonly record struct RedisAnswer(RedisResult Result, bool InDoubt);
