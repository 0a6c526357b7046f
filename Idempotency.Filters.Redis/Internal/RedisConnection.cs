using System.Net;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Internal;

/// <summary>The way to the server: connects on first use, and again on the next when that failed.</summary>
internal sealed class RedisConnection : IDisposable
{
    private readonly Func<Task<IConnectionMultiplexer>> _connect;
    private readonly bool _ownsMultiplexer;
    private readonly Lock _gate = new();
    private Task<RedisLink>? _link;
    private bool _disposed;

    /// <param name="configuration">The configuration of the multiplexer.</param>
    /// <param name="connect">Supplies the multiplexer.</param>
    /// <param name="ownsMultiplexer">Whether to close it in the end.</param>
    public RedisConnection(ConfigurationOptions configuration, Func<Task<IConnectionMultiplexer>> connect, bool ownsMultiplexer)
    {
        _connect = connect;
        _ownsMultiplexer = ownsMultiplexer;
        ChannelPrefix = (byte[]?)configuration.ChannelPrefix ?? [];
        Addresses = string.Join(", ", configuration.EndPoints.Select(Address));
    }

    /// <summary>Messages may have been missed: the connection is back, or ends.</summary>
    public event Action? Interrupted;

    /// <summary>What the client puts before the names of channels, and a script that publishes must put there too.</summary>
    public RedisValue ChannelPrefix { get; }

    /// <summary>The servers that are configured, for those who read a message.</summary>
    public string Addresses { get; }

    /// <returns>The link, whether or not a server answers at the moment.</returns>
    public Task<RedisLink> LinkAsync()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(RedisIdempotencyStore));
            if (_link is null or { IsFaulted: true } or { IsCanceled: true })
                _link = ConnectAsync();
            return _link;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
        }

        // Those who wait for a message ask the store, hear that it is gone, and leave.
        Interrupted?.Invoke();
        _link?.ContinueWith(
            link => Disconnect(link.Result.Multiplexer), CancellationToken.None,
            TaskContinuationOptions.OnlyOnRanToCompletion | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    public static string Address(EndPoint endPoint) => endPoint is DnsEndPoint dns ? $"{dns.Host}:{dns.Port}" : $"{endPoint}";

    private async Task<RedisLink> ConnectAsync()
    {
        var multiplexer = await _connect();
        multiplexer.ConnectionRestored += OnRestored;
        return new(multiplexer);
    }

    private void Disconnect(IConnectionMultiplexer multiplexer)
    {
        multiplexer.ConnectionRestored -= OnRestored;
        if (_ownsMultiplexer)
            ((IDisposable)multiplexer).Dispose();
    }

    private void OnRestored(object? sender, ConnectionFailedEventArgs restored) => Interrupted?.Invoke();
}
