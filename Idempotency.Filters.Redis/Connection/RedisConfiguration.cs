using StackExchange.Redis;
using StackExchange.Redis.Configuration;

namespace Idempotency.Filters.Redis.Connection;

/// <summary>The configuration of a connection of the store's own.</summary>
internal static class RedisConfiguration
{
    // The client looks for calls that have timed out once a second: less would not be noticed sooner.
    private static readonly TimeSpan LeastTimeout = TimeSpan.FromSeconds(1);

    private const int KeepAliveSeconds = 5;

    /// <summary>
    /// Copies a configuration and fills in what makes the client notice a dead connection, and replace it, within seconds: the client gives
    /// a connection up when a call has timed out and nothing was read for four timeouts. Every value that the user set stays.
    /// </summary>
    /// <param name="configuration">The user's configuration, or a copy of it. It is not changed.</param>
    /// <param name="operationTimeout">How long one operation of the store may take.</param>
    public static ConfigurationOptions OwnCopy(ConfigurationOptions configuration, TimeSpan operationTimeout)
    {
        var own = configuration.Clone();
        // A multiplexer that gave up at its start would never find a server that comes later.
        own.AbortOnConnectFail = false;
        // The store asks for proto-max-bulk-len. From version 3 on the client sends CONFIG GET only in this mode.
        own.AllowAdmin = true;

        var timeout = (int)(operationTimeout > LeastTimeout ? operationTimeout : LeastTimeout).TotalMilliseconds;
        if (IsAsyncTimeoutUnset(own))
            own.AsyncTimeout = timeout;
        // The store makes no synchronous call. The client judges its own PING by this timeout, and waits at least as long for a connection.
        if (IsUnset(own, options => options.SyncTimeout, defaults => defaults.SyncTimeout))
            own.SyncTimeout = timeout;
        // The connection for messages is silent for as long as nobody waits. Only this PING notices that it is dead.
        if (IsUnset(own, options => options.KeepAlive, defaults => defaults.KeepAliveInterval))
            own.KeepAlive = KeepAliveSeconds;
        if (IsUnset(own, options => options.ReconnectRetryPolicy, defaults => defaults.ReconnectRetryPolicy))
            own.ReconnectRetryPolicy = new RedisReconnectPolicy(TimeSpan.FromMilliseconds(own.ConnectTimeout));
        return own;
    }

    /// <summary>An <c>AsyncTimeout</c> that nobody set follows <c>SyncTimeout</c>.</summary>
    private static bool IsAsyncTimeoutUnset(ConfigurationOptions configuration)
    {
        var probe = configuration.Clone();
        probe.SyncTimeout++;
        return probe.AsyncTimeout == probe.SyncTimeout;
    }

    /// <summary>
    /// A value that nobody set follows the <c>Defaults</c>. Those may be a provider of the user's, with a value of its own. One exception:
    /// reading <c>ReconnectRetryPolicy</c> sets it, so a user who has read it keeps the client's own policy.
    /// </summary>
    private static bool IsUnset(
        ConfigurationOptions configuration, Func<ConfigurationOptions, object?> read, Func<DefaultOptionsProvider, object?> byDefault)
    {
        return Equals(byDefault(configuration.Defaults), byDefault(new DefaultOptionsProvider()))
            && !Equals(With(new OtherDefaults()), With(new OtherDefaults()));

        object? With(DefaultOptionsProvider defaults)
        {
            var probe = configuration.Clone();
            probe.Defaults = defaults;
            return read(probe);
        }
    }

    /// <summary>Defaults that no other provider has.</summary>
    private sealed class OtherDefaults : DefaultOptionsProvider
    {
        private static int _last;

        private readonly TimeSpan _span = TimeSpan.FromSeconds(Interlocked.Increment(ref _last));

        public override TimeSpan SyncTimeout => _span;

        public override TimeSpan KeepAliveInterval => _span;

        public override IReconnectRetryPolicy? ReconnectRetryPolicy { get; } = new LinearRetry(0);
    }
}
