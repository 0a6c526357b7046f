namespace Idempotency.Filters.EntityFrameworkCore.Rows;

/// <summary>A row of a listing. Its moments are microseconds since 1970, by the clock of the database.</summary>
/// <param name="Key">The key.</param>
/// <param name="Look">What the row says; of its record perhaps only the beginning.</param>
/// <param name="LeaseUntil">When its lease ends.</param>
/// <param name="BlockedUntil">When an interrupted key becomes free.</param>
/// <param name="ExpiresAt">When its record ends.</param>
internal sealed record ListedRow(RowKey Key, RowLook Look, long LeaseUntil, long BlockedUntil, long ExpiresAt);
