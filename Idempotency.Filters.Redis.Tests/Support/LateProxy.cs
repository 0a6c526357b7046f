using System.Net.Sockets;

namespace Idempotency.Filters.Redis.Tests.Support;

/// <summary>
/// A network on which what was sent over a connection arrives at the server long after the client has given that connection up.
/// </summary>
internal sealed class LateProxy(int port) : TcpProxy(port)
{
    private readonly Lock _gate = new();
    private readonly List<Link> _links = [];
    private volatile bool _refuses;
    private volatile bool _holdsNew;

    /// <summary>
    /// How many connections there have been over which something was sent. A store that only tries to connect sends nothing.
    /// </summary>
    public int Connections
    {
        get
        {
            lock (_gate)
                return _links.Count(link => link.WasUsed);
        }
    }

    /// <summary>From now on nothing that is sent over the connections that there are arrives.</summary>
    /// <param name="alsoNew">Whether nothing arrives over new ones either, until <see cref="Heal"/>.</param>
    public void Hold(bool alsoNew = false)
    {
        _holdsNew |= alsoNew;
        lock (_gate)
            _links.ForEach(link => link.Holds = true);
    }

    /// <summary>Returns when a call of a script was sent that did not arrive.</summary>
    public Task HeldAsync() => Waiting.UntilAsync(() =>
    {
        lock (_gate)
            return _links.Exists(link => link.Held.ToArray().AsSpan().IndexOf("EVALSHA"u8) >= 0);
    });

    /// <summary>
    /// Ends the connections on which something was held, as the client sees it; new ones are as good as new, unless they are refused.
    /// </summary>
    public void Cut(bool refuse = false)
    {
        _refuses = refuse;
        lock (_gate)
            _links.FindAll(link => link.Holds).ForEach(link => link.Client.Dispose());
    }

    public void Heal() => _refuses = _holdsNew = false;

    /// <summary>What was held arrives. Returns when the server has done it all.</summary>
    public async Task DeliverAsync()
    {
        Link[] late;
        lock (_gate)
            late = [.. _links.Where(link => link.Holds)];
        foreach (var link in late)
            link.Delivered.TrySetResult();
        foreach (var link in late)
            await link.Done.Task.Soon();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        lock (_gate)
            _links.ForEach(link => link.Delivered.TrySetResult());
    }

    protected override bool Refuses => _refuses;

    protected override async Task CarryAsync(TcpClient client, TcpClient server)
    {
        var link = new Link(client) { Holds = _holdsNew };
        lock (_gate)
            _links.Add(link);
        // To their end, also when nobody hears them any more.
        var replies = PumpAsync(server, client, async (stream, bytes) =>
        {
            if (client.Connected)
                await stream.WriteAsync(bytes);
        });
        await PumpAsync(client, server, (stream, bytes) =>
        {
            link.WasUsed = true;
            if (!link.Holds)
                return stream.WriteAsync(bytes);
            lock (_gate)
                link.Held.Write(bytes.Span);
            return ValueTask.CompletedTask;
        });

        if (link.Holds)
        {
            await link.Delivered.Task;
            await server.GetStream().WriteAsync(link.Held.ToArray());
        }

        // The server reads to the end, then ends.
        server.Client.Shutdown(SocketShutdown.Send);
        await replies;
        link.Done.SetResult();
    }

    private static async Task PumpAsync(TcpClient from, TcpClient to, Func<NetworkStream, ReadOnlyMemory<byte>, ValueTask> write)
    {
        try
        {
            var (source, destination) = (from.GetStream(), to.GetStream());
            var buffer = new byte[64 * 1024];
            for (int read; (read = await source.ReadAsync(buffer)) > 0;)
                await write(destination, buffer.AsMemory(0, read));
        }
        catch (Exception exception) when (IsCut(exception))
        {
        }
    }

    private sealed class Link(TcpClient client)
    {
        public TcpClient Client => client;

        public bool Holds { get; set; }

        public bool WasUsed { get; set; }

        public MemoryStream Held { get; } = new();

        public TaskCompletionSource Delivered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
