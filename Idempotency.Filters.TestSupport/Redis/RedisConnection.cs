using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Idempotency.Filters.TestSupport;

/// <summary>
/// A plain Redis client on one socket, independent of the client under test. Strings represent bytes, one character each (Latin-1).
/// </summary>
internal sealed class RedisConnection : IDisposable
{
    private readonly TcpClient _client;
    private readonly BufferedStream _stream;

    private RedisConnection(TcpClient client)
    {
        _client = client;
        _stream = new(client.GetStream());
    }

    public static async Task<RedisConnection> OpenAsync(int port)
    {
        var client = new TcpClient { NoDelay = true };
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port);
            return new(client);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <returns>A <see cref="string"/>, a <see cref="long"/>, null, or an array of these.</returns>
    /// <exception cref="RedisReplyException">The server answered with an error.</exception>
    public async Task<object?> ExecuteAsync(params string[] command)
    {
        await SendAsync(command);
        return await ReadAsync();
    }

    public async Task SendAsync(params string[] command)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"*{command.Length}\r\n");
        foreach (var part in command)
            text.Append(CultureInfo.InvariantCulture, $"${part.Length}\r\n{part}\r\n");

        await _stream.WriteAsync(Encoding.Latin1.GetBytes(text.ToString()));
        await _stream.FlushAsync();
    }

    public async Task<object?> ReadAsync()
    {
        var line = ReadLine();
        var rest = line[1..];
        switch (line[0])
        {
            case '+':
                return rest;
            case '-':
                throw new RedisReplyException(rest);
            case ':':
                return Number(rest);
            case '$' when Number(rest) >= 0:
                var bytes = new byte[Number(rest) + 2];
                await _stream.ReadExactlyAsync(bytes);
                return Encoding.Latin1.GetString(bytes.AsSpan()[..^2]);
            case '*' when Number(rest) >= 0:
                var items = new object?[Number(rest)];
                for (var i = 0; i < items.Length; i++)
                    items[i] = await ReadAsync();
                return items;
            default:
                return null;
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _client.Dispose();
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private string ReadLine()
    {
        var line = new StringBuilder();
        while (true)
        {
            switch (_stream.ReadByte())
            {
                case -1:
                    throw new EndOfStreamException("The server closed the connection.");
                case '\r':
                    _stream.ReadByte();
                    return line.ToString();
                case var next:
                    line.Append((char)next);
                    break;
            }
        }
    }
}
