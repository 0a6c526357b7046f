using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Idempotency.Filters.TestSupport;

/// <summary>The network between a client and a server on this machine. Derived classes decide what happens on it.</summary>
internal abstract class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _port;
    private readonly Task _accepting;
    private int _refusals;

    protected TcpProxy(int port)
    {
        _port = port;
        _listener.Start();
        _accepting = Task.Run(AcceptAsync);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>How many connections were refused.</summary>
    public int Refusals => Volatile.Read(ref _refusals);

    public virtual async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
    }

    protected virtual bool Refuses => false;

    /// <summary>Passes bytes both ways until one side ends, then closes both.</summary>
    protected abstract Task CarryAsync(TcpClient client, TcpClient server);

    protected static bool IsCut(Exception exception) =>
        exception is IOException or SocketException or ObjectDisposedException or InvalidOperationException;

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                if (!Refuses)
                {
                    _ = ConnectAsync(client);
                    continue;
                }

                Interlocked.Increment(ref _refusals);
                client.Dispose();
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
            await CarryAsync(client, server);
        }
        catch (Exception exception) when (IsCut(exception))
        {
            // There is no server, or the connection is gone. The client's side is closed below.
        }
        finally
        {
            client.Dispose();
        }
    }
}
