using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Internal;

/// <summary>What the store uses of a multiplexer.</summary>
internal sealed class RedisLink(IConnectionMultiplexer multiplexer)
{
    private readonly Lock _subscribing = new();
    private readonly ISubscriber _subscriber = multiplexer.GetSubscriber(null);

    public IConnectionMultiplexer Multiplexer => multiplexer;

    public IDatabase Database { get; } = multiplexer.GetDatabase(-1, null);

    public IEnumerable<IServer> Servers => multiplexer.GetEndPoints(false).Select(endPoint => multiplexer.GetServer(endPoint, null));

    /// <summary>Whether calls go over another by now.</summary>
    public bool IsReplaced { get; set; }

    /// <summary>
    /// Asks more than once: the next may go to another node of a cluster, or find the client connected again. Never throws.
    /// </summary>
    /// <returns>Whether a server that takes writes answers within <paramref name="patience"/>, whatever it says.</returns>
    public async Task<bool> AnswersAsync(TimeSpan patience)
    {
        const int Attempts = 5;
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        for (var attempt = 0; attempt < Attempts && !answered.Task.IsCompleted; attempt++)
        {
            _ = AskAsync();
            await answered.Task.WaitAsync(patience / Attempts).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return answered.Task.IsCompleted;

        async Task AskAsync()
        {
            try
            {
                await Database.PingAsync(CommandFlags.DemandMaster);
                answered.TrySetResult();
            }
            catch (RedisServerException)
            {
                answered.TrySetResult();
            }
            catch
            {
                // The next may be answered.
            }
        }
    }

    // Sent, not awaited, under the lock: a channel that one leaves and another joins must reach the server in that order.
    public Task SubscribeAsync(RedisChannel channel, Action<RedisChannel, RedisValue> handler)
    {
        lock (_subscribing)
            return _subscriber.SubscribeAsync(channel, handler, CommandFlags.None);
    }

    public Task UnsubscribeAsync(RedisChannel channel, Action<RedisChannel, RedisValue> handler)
    {
        lock (_subscribing)
            return _subscriber.UnsubscribeAsync(channel, handler, CommandFlags.None);
    }
}
