using System.Buffers;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Records;
using Idempotency.Filters.Requests;
using Idempotency.Filters.Responses;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters;

/// <summary>How an operator settles a key: by freeing it, or by an answer for its retries.</summary>
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

    /// <summary>The operation did not happen or was undone. The next request with the key runs the action.</summary>
    public static IdempotencyResolution Free { get; } = new();

    internal int BodyLength => _body.Length;

    /// <summary>
    /// The operation happened, and this is its answer. Every request of the caller with this key gets it, whatever its method, path and
    /// body, because an operator does not have the original request to compare with.
    /// </summary>
    /// <param name="statusCode">The status; 200 to 599.</param>
    /// <param name="headers">
    /// The headers, such as <c>Content-Type</c>; null = none. Default null. A <c>Content-Length</c> must be that of the body. The replay
    /// marker is left out.
    /// </param>
    /// <param name="body">The bytes of the body. Default empty.</param>
    /// <returns>The resolution.</returns>
    /// <exception cref="ArgumentException">
    /// No server would send this answer: the status is out of range or does not allow the body, the <c>Content-Length</c> is not that of
    /// the body, or HTTP does not allow the name or the value of a header (RFC 9110, sections 5.1, 5.5, 6.4.1 and 8.6). Or no record keeps
    /// one of the headers: cookies, framing, CORS, authentication, tracing, and what is true of one moment only.
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

    /// <summary>The record to store; null = none, the key becomes free.</summary>
    internal ResponseRecord? ToRecord(string? marker, DateTimeOffset created)
    {
        if (_headers is null)
            return null;

        // An explicit Content-Length of 0 keeps status code pages from filling in an answer that the operator left empty.
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
        if (NeverKeptHeaders.Contains(name) && !name.Equals(HeaderNames.ContentLength, StringComparison.OrdinalIgnoreCase))
        {
            throw new ArgumentException(
                $"The header {name} belongs to one message, one moment or one user agent, so no replay sends it: remove it.");
        }

        if (values.Any(value => value.AsSpan().ContainsAnyExceptInRange(' ', '~')))
        {
            throw new ArgumentException(
                $"The header {name} has a value with a character outside the range from space to tilde: remove the character.");
        }
    }
}
