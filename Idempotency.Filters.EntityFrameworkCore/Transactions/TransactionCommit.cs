using System.Data.Common;
using Idempotency.Filters.EntityFrameworkCore.Databases;
using Idempotency.Filters.EntityFrameworkCore.Rows;
using Idempotency.Filters.EntityFrameworkCore.Store;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>Writes a record in a unit of work, commits both, and finds out what became of them. The unit of work has ended then.</summary>
/// <param name="store">What the store and its claims share.</param>
/// <param name="unit">The unit of work.</param>
/// <param name="database">Its database.</param>
/// <param name="key">The key.</param>
/// <param name="owner">The token of the claim.</param>
/// <param name="previous">The token of the record that the claim was made over; null when there is none.</param>
internal sealed class TransactionCommit(
    RowStoreContext store, UnitOfWork unit, Database database, RowKey key, byte[] owner, byte[]? previous)
{
    /// <param name="write">Writes the record. False = something else stands under the key.</param>
    /// <param name="cancellationToken">Gives up before the commit.</param>
    public async Task<Completion> RunAsync(Func<DbTransaction, CancellationToken, Task<bool>> write, CancellationToken cancellationToken)
    {
        using var limit = store.Limit(cancellationToken);
        var isCommitting = false;
        try
        {
            if (unit.Conflict is { } conflict)
                return Completion.Conflict(conflict);
            if (unit.WasEnded)
                return Completion.Refused(new IdempotencyUnitOfWorkException(TransactionGuard.EndedByAction));
            if (await write(unit.Transaction!, limit.Token))
            {
                isCommitting = true;
                await unit.CommitAsync(limit.Token);
                return Completion.Stored;
            }
        }
        catch (Exception exception) when (DatabaseErrors.IsConflict(exception) || DatabaseErrors.IsUniqueViolation(exception))
        {
            await unit.EndAsync();
            return await FindWinnerAsync(exception);
        }
        catch (Exception exception) when (isCommitting)
        {
            await unit.EndAsync();
            // The reply is lost, and perhaps the commit. Not every client tells that from a refusal.
            if ((await LookAsync()).IsRecordOf(owner))
                return Completion.Stored;
            if (DatabaseErrors.IsRefusal(exception))
                return Completion.Refused(exception);

            throw;
        }
        catch (Exception exception) when (DatabaseErrors.IsRefusal(exception))
        {
            return Completion.Refused(exception);
        }
        finally
        {
            await unit.EndAsync();
        }

        return await FindWinnerAsync(failure: null);
    }

    /// <summary>Nothing of this unit of work stands. Another may have committed under the key.</summary>
    private async Task<Completion> FindWinnerAsync(Exception? failure)
    {
        var look = await LookAsync();
        var isAnothers = !look.IsRecordOf(owner) && (previous is null || !look.IsRecordOf(previous));
        if (look is { Outcome: ClaimOutcome.Completed, Record: { } record } && isAnothers)
            return Completion.Superseded(new(record));

        return failure is null ? Completion.LeaseLost
            : DatabaseErrors.IsConflict(failure) ? Completion.Conflict(failure)
            // Of a unique constraint of the application, which is checked at the end.
            : Completion.Refused(failure);
    }

    private async Task<RowLook> LookAsync()
    {
        var answer = await store.Calls.RunAsync(
            database, (rows, connection, token) => rows.LookAsync(connection, key, null, token), CancellationToken.None);
        return answer.Result;
    }
}
