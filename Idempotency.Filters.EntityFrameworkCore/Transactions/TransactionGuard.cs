using System.Data.Common;
using Idempotency.Filters.Stores;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>
/// Keeps an action from ending the transaction that it runs in: what it wrote would be committed without its record, or the record without
/// it. It also spares the action the round trip by which a savepoint is released.
/// </summary>
internal sealed class TransactionGuard : DbTransactionInterceptor
{
    public const string EndedByAction =
        "The action ended the transaction that it runs in, but its idempotency policy is Transactional: the store commits what the action "
        + "wrote together with its record. Remove the Commit or Rollback; call RollbackOnly() of IIdempotencyContext for an answer "
        + "that commits nothing.";

    public static readonly TransactionGuard Instance = new();

    private TransactionGuard()
    {
    }

    public override InterceptionResult TransactionCommitting(
        DbTransaction transaction, TransactionEventData eventData, InterceptionResult result)
    {
        Check(transaction);
        return result;
    }

    public override ValueTask<InterceptionResult> TransactionCommittingAsync(
        DbTransaction transaction, TransactionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
    {
        Check(transaction);
        return new(result);
    }

    public override InterceptionResult TransactionRollingBack(
        DbTransaction transaction, TransactionEventData eventData, InterceptionResult result)
    {
        Check(transaction);
        return result;
    }

    public override ValueTask<InterceptionResult> TransactionRollingBackAsync(
        DbTransaction transaction, TransactionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
    {
        Check(transaction);
        return new(result);
    }

    public override InterceptionResult ReleasingSavepoint(
        DbTransaction transaction, TransactionEventData eventData, InterceptionResult result) =>
        UnitOfWork.Of(transaction)?.TryKeepSavepoint() is true ? InterceptionResult.Suppress() : result;

    public override ValueTask<InterceptionResult> ReleasingSavepointAsync(
        DbTransaction transaction, TransactionEventData eventData, InterceptionResult result,
        CancellationToken cancellationToken = default) =>
        new(ReleasingSavepoint(transaction, eventData, result));

    private static void Check(DbTransaction transaction)
    {
        if (UnitOfWork.Of(transaction) is not null)
            throw new IdempotencyUnitOfWorkException(EndedByAction);
    }
}
