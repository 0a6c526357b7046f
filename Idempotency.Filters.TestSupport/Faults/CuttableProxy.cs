using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Idempotency.Filters.TestSupport;

/// <summary>A network that loses replies and connections on command.</summary>
internal sealed class CuttableProxy(int port) : TcpProxy(port)
{
    private readonly ConcurrentDictionary<TcpClient, bool> _connections = [];
    private volatile bool _losesReplies;
    private volatile bool _refuses;
    private volatile TaskCompletionSource? _held;

    /// <summary>
    /// From now on the server receives what is sent, but its replies are lost. A connection that lost a reply is unusable: only
    /// <see cref="Cut"/> it.
    /// </summary>
    public void LoseReplies() => _losesReplies = true;

    /// <summary>From now on the server receives what is sent, and its replies come when <see cref="ReleaseReplies"/> says so.</summary>
    public void HoldReplies() => _held = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void ReleaseReplies()
    {
        _held?.TrySetResult();
        _held = null;
    }

    /// <summary>Ends all connections. New ones work normally, unless they are to be refused.</summary>
    public void Cut(bool refuse = false)
    {
        _refuses = refuse;
        foreach (var connection in _connections.Keys)
            connection.Dispose();
        _losesReplies = false;
    }

    public void Heal() => _refuses = false;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        ReleaseReplies();
        Cut();
    }

    protected override bool Refuses => _refuses;

    protected override async Task CarryAsync(TcpClient client, TcpClient server)
    {
        _connections[client] = _connections[server] = true;
        await Task.WhenAny(PumpAsync(client, server, replies: false), PumpAsync(server, client, replies: true));
        _connections.TryRemove(client, out _);
        _connections.TryRemove(server, out _);
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, bool replies)
    {
        try
        {
            var (source, destination) = (from.GetStream(), to.GetStream());
            var buffer = new byte[64 * 1024];
            for (int read; (read = await source.ReadAsync(buffer)) > 0;)
            {
                if (replies && _held is { } held)
                    await held.Task;
                if (!replies || !_losesReplies)
                    await destination.WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception exception) when (IsCut(exception))
        {
        }
    }
}
