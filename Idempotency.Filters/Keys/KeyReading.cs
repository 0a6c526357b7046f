using System.Buffers;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters.Keys;

/// <param name="Status">Whether there is a key.</param>
/// <param name="Key">The key, without quotes, when it is valid.</param>
/// <param name="Problem">What the client should change, when it is malformed; made from the rules and from this request alone.</param>
internal readonly record struct KeyReading(KeyStatus Status, string? Key, string? Problem)
{
    public static KeyReading Malformed(string problem) => new(KeyStatus.Malformed, null, problem);
}
