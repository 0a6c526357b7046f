using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Connection;

/// <summary>What the store uses of a multiplexer.</summary>
internal sealed class RedisLink(IConnectionMultiplexer multiplexer)
{
    public IConnectionMultiplexer Multiplexer => multiplexer;

    public IDatabase Database { get; } = multiplexer.GetDatabase();

    public RedisSubscriptions Subscriptions { get; } = new(multiplexer.GetSubscriber());

    public IEnumerable<IServer> Servers => multiplexer.GetServers();

    /// <summary>The store ends. The multiplexer may live on.</summary>
    public void End() => Subscriptions.End();
}
