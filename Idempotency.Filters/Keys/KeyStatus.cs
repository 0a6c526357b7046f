namespace Idempotency.Filters.Keys;

internal enum KeyStatus
{
    Missing,
    Malformed,
    Valid,

    /// <summary>In a body that is too large to be read for the key.</summary>
    OutOfReach,

    /// <summary>In a body that did not come in time.</summary>
    Late,
}
