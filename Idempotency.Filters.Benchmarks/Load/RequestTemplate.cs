using System.Globalization;
using System.Text;
using Idempotency.Filters.Benchmarks.Server;

namespace Idempotency.Filters.Benchmarks.Load;

/// <summary>The bytes of a request, made once: only the digits of its key are written anew for each.</summary>
internal sealed class RequestTemplate
{
    // A run of zeroes that is a format as well.
    private const string Digits = "000000000000";
    private const int UploadPiece = 50_000;
    private const int LargestJoinedBody = 16 * 1024;

    // What fresh keys begin with, so that no earlier run has sent them. Keys that recur begin with the path and the size.
    private static readonly string Run = Guid.NewGuid().ToString()[..23];
    private static long _fresh;

    private readonly LoadJob _job;
    private readonly byte[] _head;
    private readonly int _digits;
    private long _recurring;

    /// <param name="job">What is sent.</param>
    /// <param name="body">Shared by all connections.</param>
    /// <param name="first">With which of the recurring keys to begin.</param>
    public RequestTemplate(LoadJob job, byte[] body, int first)
    {
        _job = job;
        _recurring = first;
        (Body, Repeats) = (body, (int)(job.BodySize / body.Length));

        var name = job.Keys == 0 ? Run : RecurringName(job.Path, job.BodySize);
        var mediaType = job.Upload ? "application/octet-stream" : "application/json";
        var head = Encoding.ASCII.GetBytes(
            $"POST {job.Path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {mediaType}\r\n"
            + $"Content-Length: {(long)body.Length * Repeats}\r\nIdempotency-Key: {NumberedKey(name, 0)}\r\n\r\n");
        _digits = head.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Digits));
        if (!job.Upload && body.Length <= LargestJoinedBody)
            (_head, Repeats) = ([.. head, .. body], 0);
        else
            _head = head;
    }

    /// <summary>What is sent after the head, <see cref="Repeats"/> times.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    public int Repeats { get; }

    /// <summary>The bytes to send next.</summary>
    public ReadOnlyMemory<byte> NextBytes()
    {
        var number = _job.Keys == 0 ? Interlocked.Increment(ref _fresh) : _recurring++ % _job.Keys;
        number.TryFormat(_head.AsSpan(_digits, Digits.Length), out _, Digits, CultureInfo.InvariantCulture);
        return _head;
    }

    /// <summary>What the recurring keys for this path and this size of body begin with.</summary>
    public static string RecurringName(string path, long bodySize) => $"{path.Trim('/').Replace('/', '-')}-{bodySize}";

    public static string NumberedKey(string name, long number) => $"{name}-{number.ToString(Digits, CultureInfo.InvariantCulture)}";

    public static byte[] BodyOf(LoadJob job)
    {
        var body = job.Upload ? new byte[UploadPiece] : CreatePayment.Json((int)job.BodySize);
        if (job.OtherBody)
            body[^1] = (byte)'!';
        return body;
    }
}
