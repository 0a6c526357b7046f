using System.Buffers;
using Idempotency.Filters.Records;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters;

/// <summary>A response as it was kept, read-only. That of an <see cref="IIdempotencyContext"/> is valid while its request is served.</summary>
public sealed class StoredResponse
{
    private readonly ResponseRecord _record;

    internal StoredResponse(in ResponseRecord record) => _record = record;

    /// <summary>The status code of the original.</summary>
    public int StatusCode => _record.StatusCode;

    /// <summary>The headers that the original's action added or changed, in their order. A header without values is one that it removed.</summary>
    public IReadOnlyList<KeyValuePair<string, StringValues>> Headers => _record.Headers;

    /// <summary>The bytes of the original's body.</summary>
    public ReadOnlySequence<byte> Body => _record.Body;

    /// <summary>When the original completed, or an operator gave this answer in its place, by the clock of the process that recorded it.</summary>
    public DateTimeOffset Created => _record.Created;

    internal ref readonly ResponseRecord Record => ref _record;
}
