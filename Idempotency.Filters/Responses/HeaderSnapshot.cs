using System.Buffers;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters.Responses;

/// <summary>
/// The response headers before the action ran. They separate the action's own headers from those that outer middleware sets on every
/// response.
/// </summary>
internal readonly struct HeaderSnapshot
{
    // Headers that belong to a connection, a moment, an origin or a user agent, not to the answer.
    private static readonly HashSet<string> NeverKept = new(StringComparer.OrdinalIgnoreCase)
    {
        HeaderNames.SetCookie, "Set-Cookie2", HeaderNames.Date, HeaderNames.Server, HeaderNames.AltSvc,
        HeaderNames.Connection, HeaderNames.KeepAlive, HeaderNames.ProxyConnection, HeaderNames.Upgrade, HeaderNames.TE,
        HeaderNames.Trailer, HeaderNames.TransferEncoding, HeaderNames.ContentLength,
        HeaderNames.WWWAuthenticate, HeaderNames.ProxyAuthenticate, "Authentication-Info", "Proxy-Authentication-Info",
        HeaderNames.TraceParent, HeaderNames.TraceState, HeaderNames.Baggage, HeaderNames.CorrelationContext, HeaderNames.RequestId,
        "Request-Context", "Server-Timing", "X-Request-Id", "X-Correlation-Id", "b3", "X-B3-TraceId", "X-B3-SpanId",
    };

    private readonly KeyValuePair<string, StringValues>[] _before;

    public HeaderSnapshot(IHeaderDictionary headers)
    {
        _before = headers.Count == 0 ? [] : new KeyValuePair<string, StringValues>[headers.Count];
        headers.CopyTo(_before, 0);
    }

    /// <summary>The headers that were added or changed since. A header without values was removed.</summary>
    public KeyValuePair<string, StringValues>[] Difference(IHeaderDictionary headers, string? marker)
    {
        // CopyTo, not foreach: foreach would box the server's large enumerator.
        var now = ArrayPool<KeyValuePair<string, StringValues>>.Shared.Rent(headers.Count + _before.Length);
        headers.CopyTo(now, 0);
        var count = 0;
        foreach (var header in now.AsSpan(0, headers.Count))
        {
            if (!IsOld(header) && IsKept(header.Key, marker))
                now[count++] = header;
        }

        foreach (var (name, _) in _before)
        {
            if (!headers.ContainsKey(name) && IsKept(name, marker))
                now[count++] = new(name, StringValues.Empty);
        }

        var difference = now.AsSpan(0, count).ToArray();
        ArrayPool<KeyValuePair<string, StringValues>>.Shared.Return(now, clearArray: true);
        return difference;
    }

    /// <summary>Undoes the action's changes to the headers.</summary>
    public void Restore(IHeaderDictionary headers)
    {
        headers.Clear();
        foreach (var (name, values) in _before)
            headers[name] = values;
    }

    private static bool IsKept(string name, string? marker) =>
        !NeverKept.Contains(name)
        && !name.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase)
        && !name.Equals(marker, StringComparison.OrdinalIgnoreCase);

    private bool IsOld(KeyValuePair<string, StringValues> header)
    {
        foreach (var (name, values) in _before)
        {
            if (name.Equals(header.Key, StringComparison.OrdinalIgnoreCase))
                return values == header.Value;
        }

        return false;
    }
}
