using System.Buffers;
using Idempotency.Filters.Records;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters.Responses;

/// <summary>
/// The response headers before the action ran. They separate the action's own headers from those that outer middleware sets on every
/// response.
/// </summary>
internal readonly struct HeaderSnapshot
{
    private readonly KeyValuePair<string, StringValues>[] _before;

    public HeaderSnapshot(IHeaderDictionary headers)
    {
        _before = headers.Count == 0 ? [] : new KeyValuePair<string, StringValues>[headers.Count];
        headers.CopyTo(_before, 0);
    }

    /// <summary>
    /// The headers that were added or changed since. A header without values was removed. Left out is what no record may hold; a value that
    /// HTTP does not allow gets this far only on a server that sends it.
    /// </summary>
    public KeyValuePair<string, StringValues>[] Difference(IHeaderDictionary headers, string? marker)
    {
        // CopyTo, not foreach: foreach would box the server's large enumerator.
        var now = ArrayPool<KeyValuePair<string, StringValues>>.Shared.Rent(headers.Count + _before.Length);
        headers.CopyTo(now, 0);
        var count = 0;
        foreach (var header in now.AsSpan(0, headers.Count))
        {
            if (!IsOld(header) && IsKept(header, marker))
                now[count++] = header;
        }

        foreach (var header in _before)
        {
            if (!headers.ContainsKey(header.Key) && IsKept(header, marker))
                now[count++] = new(header.Key, StringValues.Empty);
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

    private static bool IsKept(in KeyValuePair<string, StringValues> header, string? marker) =>
        !NeverKeptHeaders.Contains(header.Key)
        && !header.Key.Equals(marker, StringComparison.OrdinalIgnoreCase)
        && RecordRules.AllowsSyntax(header.Key, header.Value);

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
