using Idempotency.Filters.EntityFrameworkCore.Rows;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>What an attempt to claim a key by its lock found.</summary>
/// <param name="Row">What the row says.</param>
/// <param name="IsLocked">Whether the lock was free, and is held now.</param>
/// <param name="IsReadOnly">Whether the database takes no writes.</param>
internal sealed record LockLook(RowLook Row, bool IsLocked, bool IsReadOnly);
