namespace Idempotency.Filters.EntityFrameworkCore.Store;

/// <summary>How far the holder is with its claim.</summary>
internal enum RowClaimPhase
{
    Held,
    Abandoned,
    Completed,
    Released,
    Lost,
}
