using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Connection;

/// <summary>
/// The channels on which the store listens. The client sends no UNSUBSCRIBE for a channel whose subscription the server has not confirmed
/// on the present connection, although the SUBSCRIBE may be on its way: the server would keep that channel for ever. So a channel that is
/// left while the connection is away is unsubscribed when the connection, and the subscription with it, is back.
/// </summary>
internal sealed class RedisSubscriptions(ISubscriber subscriber)
{
    // Some 3 MB. Beyond, a channel may stay subscribed at the server until the connection ends.
    private const int Capacity = 10_000;

    // A minute, in looks. By then a server that is there has confirmed the subscription, or refuses it.
    private const int MostLooks = 120;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private List<Leaving> _leaving = [];
    private bool _runs;
    private bool _ended;

    // Sent under the lock, and not awaited there: when one leaves a channel that another joins, the server must hear of it in that order.
    public Task SubscribeAsync(RedisChannel channel, Action<RedisChannel, RedisValue> handler)
    {
        lock (_gate)
            return subscriber.SubscribeAsync(channel, handler);
    }

    /// <summary>Ends a subscription at once, or later if the connection is away. Never waits for that.</summary>
    public Task UnsubscribeAsync(RedisChannel channel, Action<RedisChannel, RedisValue> handler)
    {
        lock (_gate)
        {
            if (IsConfirmed(channel) || _leaving.Count >= Capacity)
                return subscriber.UnsubscribeAsync(channel, handler);

            _leaving.Add(new(channel, handler));
            if (_runs)
                return Task.CompletedTask;
            _runs = true;
        }

        // The loop serves all requests, so it must not capture the context of one.
        using (ExecutionContext.SuppressFlow())
            _ = Task.Run(LeaveAsync);
        return Task.CompletedTask;
    }

    /// <summary>The store ends. What is left of its channels on a multiplexer that lives on is unsubscribed within a minute.</summary>
    public void End()
    {
        lock (_gate)
            _ended = true;
    }

    private bool IsConfirmed(RedisChannel channel) => subscriber.SubscribedEndpoint(channel) is not null && subscriber.IsConnected(channel);

    private async Task LeaveAsync()
    {
        do
            await Task.Delay(Pause);
        while (Look());
    }

    /// <returns>Whether a channel is left to look at.</returns>
    private bool Look()
    {
        lock (_gate)
        {
            try
            {
                _leaving.RemoveAll(TryLeave);
            }
            catch
            {
                // The multiplexer was closed, and all its subscriptions with it.
                _leaving = [];
            }

            return _runs = _leaving.Count > 0;
        }
    }

    private bool TryLeave(Leaving leaving)
    {
        // An outage may last; a look during it counts only when nobody is there any more to look for long.
        if (_ended || subscriber.IsConnected(leaving.Channel))
            leaving.Looks++;
        if (!IsConfirmed(leaving.Channel) && leaving.Looks < MostLooks)
            return false;

        subscriber.UnsubscribeAsync(leaving.Channel, leaving.Handler, CommandFlags.FireAndForget);
        return true;
    }

    private sealed record Leaving(RedisChannel Channel, Action<RedisChannel, RedisValue> Handler)
    {
        public int Looks { get; set; }
    }
}
