using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters.Records;

/// <summary>
/// What a record may hold. Checked when a record is made, and again when it is read, since other hands may reach the store.
/// </summary>
internal static class RecordRules
{
    /// <summary>Whether the status is one of a final response that a server sends (RFC 9110, section 15).</summary>
    public static bool AllowsStatus(int status) => status is >= 200 and <= 599;

    /// <summary>Whether a server would send the header: its name is a token, and no value has a control character but the tab.</summary>
    public static bool AllowsSyntax(string name, StringValues values)
    {
        if (!HttpToken.IsValid(name))
            return false;

        foreach (var value in values)
        {
            if (value is not null && HasControl(value))
                return false;
        }

        return true;
    }

    /// <summary>
    /// Checks a record that was read. Other headers that are never kept are dropped: a build with a shorter list may have stored them, and
    /// its records must outlive an upgrade.
    /// </summary>
    /// <returns>Null, or why the record must not be replayed.</returns>
    public static string? Check(ref ResponseRecord record)
    {
        // Nothing of the response is sent, so its status says nothing.
        if (record.Flags is not RecordFlags.None)
            return null;
        if (!AllowsStatus(record.StatusCode))
            return $"The record has the status {record.StatusCode}, but a response has one from 200 to 599.";

        var dropped = 0;
        for (var i = 0; i < record.Headers.Count; i++)
        {
            var (name, values) = record.Headers[i];
            if (!AllowsSyntax(name, values))
                return "A header of the record has a name or a value that HTTP does not allow.";
            if (NeverKeptHeaders.ProveForgery(name))
                return $"The record has the header {name}, which no record may have: something else has written it.";
            if (IsLength(name) && !IsLengthOf(record, values))
                return "The record has a Content-Length that is not the length of its body.";
            dropped += IsReplayed(name) ? 0 : 1;
        }

        if (dropped > 0)
            record = record with { Headers = [.. record.Headers.Where(header => IsReplayed(header.Key))] };
        return null;
    }

    private static bool IsReplayed(string name) => !NeverKeptHeaders.Contains(name) || IsLength(name);

    private static bool IsLength(string name) => name.Equals(HeaderNames.ContentLength, StringComparison.OrdinalIgnoreCase);

    // A record has the length that the action declared itself, or none if the action removed it. Another one would break the connection.
    private static bool IsLengthOf(in ResponseRecord record, StringValues values) =>
        values.Count == 0
        || (HeaderUtilities.TryParseNonNegativeInt64(values.ToString(), out var length) && length == record.Body.Length);

    private static bool HasControl(string value)
    {
        foreach (var character in value)
        {
            if (character is < ' ' and not '\t' or '\x7f')
                return true;
        }

        return false;
    }
}
