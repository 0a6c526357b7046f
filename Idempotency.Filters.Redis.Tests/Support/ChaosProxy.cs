using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Idempotency.Filters.Redis.Tests.Support;

/// <summary>
/// A network to a Redis server on which the calls of the store, <c>claim</c>, <c>complete</c>, <c>release</c>, <c>renew</c>, <c>resolve</c>
/// and <c>forget</c>, fail as a test wants. A call that fails, or loses its reply, loses its connection, with all that was on its way
/// there.
/// </summary>
internal sealed class ChaosProxy(int port, Chaos chaos) : TcpProxy(port)
{
    private static readonly (string Name, byte[] Hash)[] Calls =
    [
        ("claim", HashOf("layout.lua", "look.lua", "claim.lua")),
        ("complete", HashOf("layout.lua", "complete.lua")),
        ("release", HashOf("layout.lua", "release.lua")),
        ("renew", HashOf("layout.lua", "renew.lua")),
        ("resolve", HashOf("layout.lua", "look.lua", "resolve.lua")),
        ("forget", HashOf("layout.lua", "look.lua", "forget.lua")),
    ];

    protected override async Task CarryAsync(TcpClient client, TcpClient server)
    {
        var link = new Link(client, server);
        var replies = link.CarryRepliesAsync();
        await link.CarryRequestsAsync(chaos);
        // What was sent takes effect: the server reads it to its end.
        client.Dispose();
        server.Client.Shutdown(SocketShutdown.Send);
        await replies;
    }

    private static string? CallIn(ReadOnlySpan<byte> request)
    {
        foreach (var (name, hash) in Calls)
        {
            if (request.IndexOf(hash) >= 0)
                return name;
        }

        return null;
    }

    private static byte[] HashOf(params string[] scripts)
    {
        using var text = new MemoryStream();
        foreach (var script in scripts)
        {
            using var stream = typeof(RedisStoreOptions).Assembly.GetManifestResourceStream(script)!;
            stream.CopyTo(text);
        }

#pragma warning disable CA5350 // By this hash the server knows a script; it protects nothing.
        return Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA1.HashData(text.ToArray())));
#pragma warning restore CA5350
    }

    private sealed class Link(TcpClient client, TcpClient server)
    {
        // Whoever has it may decide that no reply passes any more.
        private readonly SemaphoreSlim _gate = new(1);
        private volatile bool _lost;

        public async Task CarryRequestsAsync(Chaos chaos)
        {
            try
            {
                var (source, destination) = (client.GetStream(), server.GetStream());
                var buffer = new byte[64 * 1024];
                for (int read; (read = await source.ReadAsync(buffer)) > 0;)
                {
                    var request = buffer.AsMemory(0, read);
                    if (CallIn(request.Span) is not { } call)
                    {
                        await destination.WriteAsync(request);
                        continue;
                    }

                    await _gate.WaitAsync();
                    await chaos.RunAsync(call, async () =>
                    {
                        await destination.WriteAsync(request);
                        return true;
                    });
                    _gate.Release();
                }
            }
            catch (Exception exception) when (IsCut(exception))
            {
            }

            _lost = true;
            // Perhaps one more than there are: nobody counts any more.
            _gate.Release();
        }

        public async Task CarryRepliesAsync()
        {
            try
            {
                var (source, destination) = (server.GetStream(), client.GetStream());
                var buffer = new byte[64 * 1024];
                for (int read; (read = await source.ReadAsync(buffer)) > 0;)
                {
                    await _gate.WaitAsync();
                    if (!_lost)
                        await destination.WriteAsync(buffer.AsMemory(0, read));
                    _gate.Release();
                }
            }
            catch (Exception exception) when (IsCut(exception))
            {
            }

            client.Dispose();
        }
    }
}
