using System.Buffers;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Records;
using Idempotency.Filters.Requests;
using Idempotency.Filters.Responses;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters;

/// <summary>How an operator settles a key: it is free again, or retries get an answer.</summary>
public sealed class IdempotencyResolution
{
    private readonly int _statusCode;
    private readonly HeaderDictionary? _headers;
    private readonly byte[] _body = [];

    private IdempotencyResolution()
    {
    }

    private IdempotencyResolution(int statusCode, HeaderDictionary headers, byte[] body)
    {
        _statusCode = statusCode;
        _headers = headers;
        _body = body;
    }

    /// <summary>The operation did not happen, or was undone: the next request with the key runs the action.</summary>
    public static IdempotencyResolution Free { get; } = new();

    internal int BodyLength => _body.Length;

    /// <summary>
    /// The operation happened, and this is its answer. Every request of the caller with this key gets it, whatever its method, path and body:
    /// an operator does not have the request that it is compared with.
    /// </summary>
    /// <param name="statusCode">The status; 200 to 599.</param>
    /// <param name="headers">
    /// The headers, such as <c>Content-Type</c>; null = none. Left out are those that a record never keeps: cookies, framing, CORS,
    /// authentication challenges, tracing, and the marker of replays.
    /// </param>
    /// <param name="body">The bytes of the body. Default empty.</param>
    /// <exception cref="ArgumentException">
    /// No server would send such an answer: the status is out of range or allows no body, a <c>Content-Length</c> is not that of the body, or
    /// a header has a name or a value that HTTP does not allow (RFC 9110, sections 5.1, 5.5, 6.4.1 and 8.6).
    /// </exception>
    public static IdempotencyResolution Completed(
        int statusCode, IEnumerable<KeyValuePair<string, StringValues>>? headers = null, ReadOnlyMemory<byte> body = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(statusCode, StatusCodes.Status200OK);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(statusCode, 599);

        var all = new HeaderDictionary();
        foreach (var (name, values) in headers ?? [])
        {
            CheckHeader(name, values);
            all.Append(name, values);
        }

        if (ResponseBodies.Defect(statusCode, all.ContentLength, body.Length) is { } defect)
            throw new ArgumentException(defect);

        return new(statusCode, all, body.ToArray());
    }

    /// <summary>What to store; null = nothing, the key is free.</summary>
    internal ResponseRecord? ToRecord(string? marker, DateTimeOffset created)
    {
        if (_headers is null)
            return null;

        // Nothing may fill an empty answer in, such as a page for its status: it is the operator's whole answer.
        var isEmpty = _body.Length == 0 && ResponseBodies.AllowedWith(_statusCode);
        var kept = new HeaderSnapshot(new HeaderDictionary()).Difference(_headers, marker);
        return new ResponseRecord
        {
            Flags = RecordFlags.None,
            StatusCode = _statusCode,
            Created = created,
            Fingerprint = Fingerprint.OfAnyRequest,
            Headers = isEmpty ? [.. kept, new(HeaderNames.ContentLength, "0")] : kept,
            Body = new ReadOnlySequence<byte>(_body),
        };
    }

    private static void CheckHeader(string name, StringValues values)
    {
        if (!HttpToken.IsValid(name))
            throw new ArgumentException($"'{name}' is not a header name: use letters, digits and hyphens.");
        if (values.Any(value => value.AsSpan().ContainsAnyExceptInRange(' ', '~')))
            throw new ArgumentException($"The header {name} has a value with other characters than those from space to tilde.");
    }
}
