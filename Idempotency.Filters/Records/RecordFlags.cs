using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters.Records;

[Flags]
internal enum RecordFlags : byte
{
    None = 0,

    /// <summary>The action ran, but its response was too large to keep, or streamed.</summary>
    NotReplayable = 1,

    /// <summary>Nobody knows whether the action had its effect: retries are refused.</summary>
    OutcomeUnknown = 2,
}
