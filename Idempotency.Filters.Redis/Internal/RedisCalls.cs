using Idempotency.Filters.Stores;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Internal;

/// <summary>
/// Runs scripts within the time limit of an operation. What may pass is tried again with the same arguments, which is why every script
/// takes the repetition of a call, whose reply was lost, for that call.
/// </summary>
internal sealed class RedisCalls(RedisConnection connection, TimeSpan timeout, TimeProvider timeProvider)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);

    // What a server says that starts, fails over, or hands the key's slot to another.
    private static readonly string[] Passing =
        ["NOSCRIPT", "LOADING", "TRYAGAIN", "MOVED", "ASK", "CLUSTERDOWN", "READONLY", "MASTERDOWN", "BUSY"];

    public TimeSpan Timeout => timeout;

    /// <exception cref="TimeoutException">Redis did not answer in time.</exception>
    /// <exception cref="IdempotencyStoreFullException">Redis has reached its maxmemory.</exception>
    /// <exception cref="RedisException">Redis could not be reached in time, or refused.</exception>
    public async Task<RedisResult> EvaluateAsync(
        RedisScript script, RedisKey[] keys, RedisValue[] arguments, CancellationToken cancellationToken)
    {
        var started = timeProvider.GetTimestamp();
        var known = true;
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            var left = timeout - timeProvider.GetElapsedTime(started);
            Task<RedisResult>? sent = null;
            try
            {
                cancellationToken.ThrowIfCancellationRequested();
                sent = SendAsync(script, known, keys, arguments);
                return await sent.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, timeProvider, cancellationToken);
            }
            catch (Exception exception) when (MayPass(exception, cancellationToken))
            {
                Forget(sent);
                if (timeProvider.GetElapsedTime(started) + pause >= timeout)
                {
                    if (exception is RedisException)
                        throw;
                    throw new TimeoutException($"Redis did not answer within {timeout}.", exception);
                }

                if (known && exception is RedisServerException && exception.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
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
            catch (RedisServerException exception) when (exception.Message.Contains("OOM ", StringComparison.Ordinal))
            {
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
        RedisServerException => Array.Exists(Passing, word => exception.Message.StartsWith(word, StringComparison.Ordinal)),
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        _ => exception is RedisConnectionException or TimeoutException,
    };

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
    private static void Forget(Task? sent) => sent?.ContinueWith(
        static failed => _ = failed.Exception, CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
