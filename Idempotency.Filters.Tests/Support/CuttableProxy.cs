using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Idempotency.Filters.Tests.Support;

/// <summary>The network between a client and a server on this machine, with the faults of networks.</summary>
internal sealed class CuttableProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _port;
    private readonly ConcurrentDictionary<TcpClient, bool> _connections = [];
    private readonly Task _accepting;
    private volatile bool _losesReplies;
    private volatile bool _refuses;

    public CuttableProxy(int port)
    {
        _port = port;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>
    /// From now on the server gets what is sent, and its replies are lost. A connection that lost one is good for nothing but <see
    /// cref="Cut"/>.
    /// </summary>
    public void LoseReplies() => _losesReplies = true;

    /// <summary>Ends all connections; new ones are as good as new, unless they are to be refused.</summary>
    public void Cut(bool refuse = false)
    {
        _refuses = refuse;
        foreach (var connection in _connections.Keys)
            connection.Dispose();
        _losesReplies = false;
    }

    public void Heal() => _refuses = false;

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        Cut();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                if (_refuses)
                    client.Dispose();
                else
                    _ = ConnectAsync(client);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ConnectAsync(TcpClient client)
    {
        using var server = new TcpClient { NoDelay = true };
        try
        {
            client.NoDelay = true;
            await server.ConnectAsync(IPAddress.Loopback, _port);
            _connections[client] = _connections[server] = true;
            await Task.WhenAny(PumpAsync(client, server, replies: false), PumpAsync(server, client, replies: true));
        }
        catch (SocketException)
        {
            // There is no server; the client hears so below.
        }
        finally
        {
            _connections.TryRemove(client, out _);
            _connections.TryRemove(server, out _);
            client.Dispose();
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, bool replies)
    {
        try
        {
            var (source, destination) = (from.GetStream(), to.GetStream());
            var buffer = new byte[64 * 1024];
            for (int read; (read = await source.ReadAsync(buffer)) > 0;)
            {
                if (!replies || !_losesReplies)
                    await destination.WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut.
        }
    }
}
