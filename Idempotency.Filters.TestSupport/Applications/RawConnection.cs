using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Idempotency.Filters.TestSupport;

/// <summary>An HTTP/1.1 client on one socket. It sends exactly the bytes it is given, and allocates nothing while it is measured.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[256 * 1024];

    public RawConnection(Uri address) => _socket.Connect(IPAddress.Loopback, address.Port);

    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[_socket.Send(bytes)..];
    }

    public void Send(string text) => Send(Encoding.Latin1.GetBytes(text));

    /// <summary>Reads one response, chunked or with a <c>Content-Length</c>.</summary>
    /// <returns>Its bytes, valid until the next call; empty if the server closed the connection.</returns>
    public ReadOnlySpan<byte> Receive()
    {
        var length = 0;
        while (true)
        {
            var received = _socket.Receive(_buffer.AsSpan(length));
            if (received == 0)
                return _buffer.AsSpan(0, length);

            length += received;
            var response = _buffer.AsSpan(0, length);
            var head = response.IndexOf("\r\n\r\n"u8);
            if (head >= 0 && IsWhole(response[..head], response[(head + 4)..]))
                return response;
        }
    }

    /// <summary>The bytes that have arrived, or the next ones; empty if the server closed the connection.</summary>
    public string ReceiveSome() => Encoding.Latin1.GetString(_buffer, 0, _socket.Receive(_buffer));

    public string ReceiveText() => Encoding.Latin1.GetString(Receive());

    /// <summary>Resets the connection, like a client that vanishes.</summary>
    public void Abort()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Close();
    }

    public void Dispose() => _socket.Dispose();

    private static bool IsWhole(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        var field = "Content-Length: "u8;
        var at = head.IndexOf(field);
        if (at < 0)
            return head.IndexOf("chunked"u8) < 0 || body.EndsWith("0\r\n\r\n"u8);

        var value = head[(at + field.Length)..];
        var end = value.IndexOf((byte)'\r');
        return body.Length >= int.Parse(end < 0 ? value : value[..end], CultureInfo.InvariantCulture);
    }
}
