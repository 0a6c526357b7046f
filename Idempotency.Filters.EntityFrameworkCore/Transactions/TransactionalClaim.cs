using Idempotency.Filters.Stores;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>A claim whose action runs in a unit of work.</summary>
internal abstract class TransactionalClaim(UnitOfWork unit) : IdempotencyClaim
{
    private const string InOne = ", but its idempotency policy is Transactional, so it runs in a transaction already.";
    private const string Savepoints =
        "to undo a part, use a savepoint: Database.CurrentTransaction.CreateSavepointAsync(name), then RollbackToSavepointAsync(name).";

    protected UnitOfWork Unit => unit;

    public override async ValueTask RunAsync(Func<Task> action) => await unit.RunAsync(action);

    public override Exception? Explain(Exception failure) => failure is not InvalidOperationException ? null : failure.Message switch
    {
        var message when message == RelationalStrings.TransactionAlreadyStarted => new IdempotencyUnitOfWorkException(
            $"The action began a transaction of its own{InOne} Remove BeginTransaction and Commit; {Savepoints}", failure),
        var message when message == RelationalStrings.ConflictingAmbientTransaction => new IdempotencyUnitOfWorkException(
            $"The action opened a TransactionScope{InOne} Remove the scope; {Savepoints}", failure),
        _ => null,
    };

    public override async ValueTask RollBackAsync() => await unit.EndAsync();
}
