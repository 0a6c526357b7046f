using Idempotency.Filters.Stores;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>A claim whose action runs in a unit of work.</summary>
internal abstract class TransactionalClaim(UnitOfWork unit) : IdempotencyClaim
{
    /// <summary>What takes the place of a transaction in the action.</summary>
    public const string Savepoints =
        "to undo a part, use a savepoint: Database.CurrentTransaction.CreateSavepointAsync(name), then RollbackToSavepointAsync(name).";

    protected UnitOfWork Unit => unit;

    public override async ValueTask RunAsync(Func<Task> action) => await unit.RunAsync(action);

    public override Exception? Explain(Exception failure) =>
        failure is InvalidOperationException && failure.Message == RelationalStrings.TransactionAlreadyStarted
            ? new IdempotencyUnitOfWorkException(
                "The action began a transaction of its own, but its idempotency policy is Transactional, so it runs in one already. Remove "
                + "BeginTransaction and Commit; " + Savepoints,
                failure)
            : null;

    public override async ValueTask RollBackAsync() => await unit.EndAsync();
}
