using System.Net;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Connection;

/// <summary>The way to the server: connects on first use, and again on the next use when that failed.</summary>
internal sealed class RedisConnection : IAsyncDisposable
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
        UsesTls = configuration.Ssl;
        EndPoints = [.. configuration.EndPoints.Select(endPoint => WithPort(endPoint, UsesTls))];
        Addresses = string.Join(", ", configuration.EndPoints.Select(Address));
    }

    /// <summary>Messages may have been missed: the connection is back, or ends.</summary>
    public event Action? Interrupted;

    /// <summary>The client puts this before the names of channels, so a script that publishes has to do it too.</summary>
    public RedisValue ChannelPrefix { get; }

    /// <summary>The configured servers, for messages.</summary>
    public string Addresses { get; }

    /// <summary>The configured servers.</summary>
    public EndPoint[] EndPoints { get; }

    public bool UsesTls { get; }

    /// <summary>The multiplexer; null before there is one.</summary>
    public IConnectionMultiplexer? Multiplexer => _link is { IsCompletedSuccessfully: true } link ? link.Result.Multiplexer : null;

    public bool IsConnected => Multiplexer is { IsConnected: true };

    /// <summary>Whether there is a multiplexer, and it reaches no server. One that is still being made is not away.</summary>
    public bool IsAway => Multiplexer is { IsConnected: false };

    /// <returns>The link, whether or not a server answers at the moment.</returns>
    public Task<RedisLink> LinkAsync()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_link is null or { IsFaulted: true } or { IsCanceled: true })
                _link = ConnectAsync();
            return _link;
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
        }

        // A waiter that is woken asks the store, learns that it is gone, and leaves.
        Interrupted?.Invoke();
        if (_link is null)
            return;

        await ((Task)_link).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_link.IsCompletedSuccessfully)
            return;

        var link = await _link;
        link.Multiplexer.ConnectionRestored -= OnRestored;
        link.End();
        if (_ownsMultiplexer)
            await link.Multiplexer.DisposeAsync();
    }

    public static string Address(EndPoint endPoint) => endPoint is DnsEndPoint dns ? $"{dns.Host}:{dns.Port}" : $"{endPoint}";

    /// <summary>An address without a port has that of Redis, as in the client.</summary>
    private static EndPoint WithPort(EndPoint endPoint, bool usesTls) => endPoint switch
    {
        DnsEndPoint { Port: 0 } dns => new DnsEndPoint(dns.Host, usesTls ? 6380 : 6379, dns.AddressFamily),
        IPEndPoint { Port: 0 } ip => new IPEndPoint(ip.Address, usesTls ? 6380 : 6379),
        _ => endPoint,
    };

    private async Task<RedisLink> ConnectAsync()
    {
        var link = new RedisLink(await _connect());
        link.Multiplexer.ConnectionRestored += OnRestored;
        return link;
    }

    private void OnRestored(object? sender, ConnectionFailedEventArgs restored) => Interrupted?.Invoke();
}
