using System.Buffers;
using Idempotency.Filters.Records;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters;

/// <summary>
/// A stored response, read-only. One from an <see cref="IIdempotencyContext"/> is valid only while its request is served.
/// </summary>
public sealed class StoredResponse
{
    private readonly ResponseRecord _record;

    internal StoredResponse(in ResponseRecord record) => _record = record;

    /// <summary>The status code of the original response.</summary>
    public int StatusCode => _record.StatusCode;

    /// <summary>
    /// The headers that the original action added or changed, in order. A header without values is one that it removed.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, StringValues>> Headers => _record.Headers;

    /// <summary>The body of the original response.</summary>
    public ReadOnlySequence<byte> Body => _record.Body;

    /// <summary>
    /// When the original response completed, or when an operator supplied this one, by the clock of the process that recorded it.
    /// </summary>
    public DateTimeOffset Created => _record.Created;

    internal ref readonly ResponseRecord Record => ref _record;
}
