using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Idempotency.Filters.Benchmarks.Load;

/// <summary>A plain HTTP/1.1 client on one socket, which does as little as a client can: the measured cost is the server's.</summary>
internal sealed class Connection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[16 * 1024];

    public Connection(int port) => _socket.Connect(IPAddress.Loopback, port);

    public async ValueTask SendAsync(RequestTemplate request)
    {
        await SendAsync(request.NextBytes());
        for (var i = 0; i < request.Repeats; i++)
            await SendAsync(request.Body);
    }

    /// <summary>Reads one answer to its end.</summary>
    public async ValueTask<Answer> ReceiveAsync()
    {
        var length = 0;
        int head;
        do
        {
            length += await ReceiveAsync(length);
            head = _buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
        }
        while (head < 0);

        var status = int.Parse(_buffer.AsSpan("HTTP/1.1 ".Length, 3), CultureInfo.InvariantCulture);
        var replayed = _buffer.AsSpan(0, head).IndexOf("\r\nIdempotent-Replayed: true"u8) >= 0;
        var body = length - head - 4;
        if (ContentLength(_buffer.AsSpan(0, head)) is { } declared)
        {
            while (body < declared)
                body += await ReceiveAsync(0);
        }
        else
        {
            // The last chunk is an empty one. What may be its beginning is kept in front of what is read next.
            while (!_buffer.AsSpan(0, length).EndsWith("\r\n0\r\n\r\n"u8))
            {
                var kept = Math.Min(6, length);
                _buffer.AsSpan(length - kept, kept).CopyTo(_buffer);
                length = kept + await ReceiveAsync(kept);
            }
        }

        return new(status, replayed);
    }

    public void Dispose() => _socket.Dispose();

    private static long? ContentLength(ReadOnlySpan<byte> head)
    {
        var field = "\r\nContent-Length: "u8;
        var at = head.IndexOf(field);
        return at >= 0 && Utf8Parser.TryParse(head[(at + field.Length)..], out long length, out _) ? length : null;
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await _socket.SendAsync(bytes)..];
    }

    private async ValueTask<int> ReceiveAsync(int offset)
    {
        var received = await _socket.ReceiveAsync(_buffer.AsMemory(offset));
        return received > 0 ? received : throw new IOException("The server closed the connection.");
    }
}

/// <param name="Status">Its status.</param>
/// <param name="Replayed">Whether it is marked as a replay.</param>
internal readonly record struct Answer(int Status, bool Replayed);
