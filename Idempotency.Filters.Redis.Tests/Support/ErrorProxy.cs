using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace Idempotency.Filters.Redis.Tests.Support;

/// <summary>A network to a Redis server on which somebody else answers a call of a script, with an error.</summary>
internal sealed class ErrorProxy(int port) : TcpProxy(port)
{
    private readonly ConcurrentQueue<string> _errors = [];

    /// <summary>The next call of a script does not reach the server, and is answered with this.</summary>
    public void Answer(string error) => _errors.Enqueue(error);

    protected override Task CarryAsync(TcpClient client, TcpClient server) =>
        Task.WhenAny(CarryRequestsAsync(client, server), server.GetStream().CopyToAsync(client.GetStream()));

    private async Task CarryRequestsAsync(TcpClient client, TcpClient server)
    {
        try
        {
            var buffer = new byte[64 * 1024];
            for (int read; (read = await client.GetStream().ReadAsync(buffer)) > 0;)
            {
                if (buffer.AsSpan(0, read).IndexOf("EVALSHA"u8) >= 0 && _errors.TryDequeue(out var error))
                    await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"-{error}\r\n"));
                else
                    await server.GetStream().WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception exception) when (IsCut(exception))
        {
        }
    }
}
