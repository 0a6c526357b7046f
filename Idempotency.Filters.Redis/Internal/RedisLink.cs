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
