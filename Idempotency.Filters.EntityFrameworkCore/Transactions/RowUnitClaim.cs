using System.Buffers;
using Idempotency.Filters.EntityFrameworkCore.Databases;
using Idempotency.Filters.EntityFrameworkCore.Store;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>
/// A claim by a row, committed before the action runs, whose record is written in the transaction of the action. The row remembers the
/// attempt, whatever becomes of the transaction.
/// </summary>
internal sealed class RowUnitClaim(RowStoreContext store, UnitOfWork unit, RowClaim claim) : TransactionalClaim(unit)
{
    public override CancellationToken Lost => claim.Lost;

    public override long? FencingToken => claim.FencingToken;

    public override ReadOnlySequence<byte>? PreviousRecord => claim.PreviousRecord;

    public override async ValueTask RunAsync(Func<Task> action)
    {
        using (var limit = store.Limit(CancellationToken.None))
        {
            // One writer at a time: a renewal would wait for the very transaction. Its write lock keeps others from the key instead.
            if (claim.Database.HasOneWriter)
                claim.PauseRenewal();
            await Unit.BeginAsync(limit.Token);
        }

        await base.RunAsync(action);
    }

    public override async ValueTask RollBackAsync()
    {
        await base.RollBackAsync();
        claim.ResumeRenewal();
    }

    public override async ValueTask<Completion> CompleteAsync(
        ReadOnlySequence<byte> record, TimeSpan? retention, CancellationToken cancellationToken)
    {
        // After a rollback the record stands by itself.
        if (Unit.Transaction is null)
            return await claim.CompleteAsync(record, retention, cancellationToken);

        TransactionLog.NoteUnsaved(store.Logger, Unit, claim.Key);
        claim.PauseRenewal();
        var completion = await new TransactionCommit(store, Unit, claim.Database, claim.Key, claim.Owner, previous: null).RunAsync(
            (transaction, token) => claim.TryCompleteAsync(transaction, record, retention, token), cancellationToken);
        if (completion.Outcome is CompletionOutcome.Stored)
            claim.NoteCompleted();
        else
            claim.ResumeRenewal();
        return completion;
    }

    public override Exception? Explain(Exception failure) =>
        DatabaseErrors.IsConflict(failure) ? new TransactionConflictException(failure) : base.Explain(failure);

    public override void Abandon() => claim.Abandon();

    public override async ValueTask DisposeAsync()
    {
        try
        {
            await Unit.EndAsync();
        }
        finally
        {
            await claim.DisposeAsync();
        }
    }
}
