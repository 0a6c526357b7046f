using System.Buffers;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters.Keys;

internal enum KeyStatus
{
    Missing,
    Malformed,
    Valid,

    /// <summary>Somewhere in a body that is larger than may be read for it.</summary>
    OutOfReach,
}
