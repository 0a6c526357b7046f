using System.Net;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Internal;

/// <summary>
/// The way to the server: connects on first use, again on the next when that failed, and anew when nothing comes any more.
/// </summary>
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

    /// <summary>Messages may have been missed: the connection is back, was replaced, or ends.</summary>
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

    /// <summary>
    /// Puts a new connection in the place of the one that there is, if a server answers on the new one and none on the old one. An
    /// application's own multiplexer stays as it is.
    /// </summary>
    /// <param name="patience">How long each of them may take to answer.</param>
    /// <param name="timeout">How long an operation may take.</param>
    /// <returns>Whether it did.</returns>
    public async Task<bool> TryReplaceAsync(TimeSpan patience, TimeSpan timeout)
    {
        if (!_ownsMultiplexer)
            return false;

        var old = await LinkAsync();
        var link = new RedisLink(await _connect());
        // In this order: a server that was away, and is back for the new one, answers on the old one, too.
        old.IsReplaced = link.Multiplexer.IsConnected && !await old.AnswersAsync(patience) && await link.AnswersAsync(patience) && TryUse(link);
        if (!old.IsReplaced)
        {
            Abandon(link);
            return false;
        }

        Interrupted?.Invoke();
        RedisCalls.Forget(AbandonLaterAsync());
        return true;

        async Task AbandonLaterAsync()
        {
            // When nobody waits for it any more, and who has just taken it has sent: on a closed one a call would be the end of the store.
            await Task.Delay(patience + timeout);
            Abandon(old);
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
        var link = new RedisLink(await _connect());
        link.Multiplexer.ConnectionRestored += OnRestored;
        return link;
    }

    private bool TryUse(RedisLink link)
    {
        lock (_gate)
        {
            if (_disposed)
                return false;
            // Not before: who is woken asks over the link that there is.
            link.Multiplexer.ConnectionRestored += OnRestored;
            _link = Task.FromResult(link);
            return true;
        }
    }

    /// <summary>To dispose it alone would hold the thread for what is still unanswered.</summary>
    private void Abandon(RedisLink link)
    {
        link.Multiplexer.Close(false);
        Disconnect(link.Multiplexer);
    }

    private void Disconnect(IConnectionMultiplexer multiplexer)
    {
        multiplexer.ConnectionRestored -= OnRestored;
        if (_ownsMultiplexer)
            ((IDisposable)multiplexer).Dispose();
    }

    private void OnRestored(object? sender, ConnectionFailedEventArgs restored) => Interrupted?.Invoke();
}
