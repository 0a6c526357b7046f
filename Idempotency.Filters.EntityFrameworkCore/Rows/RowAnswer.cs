namespace Idempotency.Filters.EntityFrameworkCore.Rows;

/// <summary>What the database answered.</summary>
/// <param name="Result">The result of the attempt that was answered.</param>
/// <param name="InDoubt">Whether an earlier attempt went unanswered, so that it may take effect after this one.</param>
internal readonly record struct RowAnswer<T>(T Result, bool InDoubt);
