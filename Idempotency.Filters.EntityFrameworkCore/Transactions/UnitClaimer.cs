using System.Data;
using Idempotency.Filters.EntityFrameworkCore.Databases;
using Idempotency.Filters.EntityFrameworkCore.Rows;
using Idempotency.Filters.EntityFrameworkCore.Store;
using Idempotency.Filters.Stores;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>Claims keys for actions that run in a transaction: by a lock where the database has such, otherwise by a row.</summary>
internal sealed class UnitClaimer(RowStoreContext store, RowClaimer rows, EntityFrameworkStoreOptions options)
{
    private const string UseContext =
        "Transactional needs the context of the application, but UseEntityFramework(o => ...) keeps records in a context of their own: "
        + "choose the store with UseEntityFramework<TContext>(), or remove Transactional.";

    /// <summary>Says why claims on these terms cannot work; null when they can.</summary>
    public string? ObjectionTo(in ClaimOptions terms)
    {
        if (!terms.Transactional)
            return null;
        if (!store.Databases.HasContext)
            return UseContext;
        if (options.Claim is ClaimMode.Lock && Remembers(terms))
        {
            return "EntityFrameworkStoreOptions.Claim is Lock, which forgets an attempt that did not commit, but WhenInterrupted or "
                + "WhenFailed is Block, which remembers it: set Claim to Automatic or Row, or both behaviours to their defaults.";
        }

        try
        {
            return ObjectionTo(store.Databases.Of(requestServices: null), terms);
        }
        catch (NoTenantException)
        {
            // Of a tenant's database nothing is known yet.
            return null;
        }
    }

    private string? ObjectionTo(Database database, in ClaimOptions terms)
    {
        if (!database.IsGuarded)
            return Guards.Missing(database.ContextName);
        if (options.Claim is ClaimMode.Lock && !database.HasTransactionLocks)
        {
            return "EntityFrameworkStoreOptions.Claim is Lock, which works on PostgreSQL alone, and the provider is "
                + $"{database.ProviderName}: set Claim to Automatic or Row.";
        }

        return terms.RenewFor is null && !TakesLocks(database, terms) && HasSnapshots(database)
            ? $"EntityFrameworkStoreOptions.IsolationLevel is {options.IsolationLevel}, under which a claim in row mode lasts for "
                + "MaxExecutionTime, which is null: set it, or choose ReadCommitted."
            : null;
    }

    public async ValueTask<ClaimResult> ClaimAsync(StorageKey key, ClaimOptions terms, CancellationToken cancellationToken)
    {
        var services = terms.RequestServices ?? throw new IdempotencyUnitOfWorkException(
            "A transactional claim needs the services of a request, whose context has the transaction.");
        var database = store.Databases.Of(services);
        var unit = new UnitOfWork(
            store.Databases.ContextIn(services)!,
            [.. options.GuestContexts.Select(type => (DbContext)services.GetRequiredService(type))],
            options);
        if (TakesLocks(database, terms))
            return await ClaimByLockAsync(unit, database, RowKey.Of(key), terms, cancellationToken);

        var claimed = await rows.AttemptAsync(key, database, HasSnapshots(database) ? Unrenewed(terms) : terms, cancellationToken);
        return claimed.Claim is RowClaim claim ? ClaimResult.Acquired(new RowUnitClaim(store, unit, claim)) : claimed;
    }

    /// <summary>
    /// Whether a transaction sees the database as it was at its beginning. Then it cannot complete a row that was renewed since.
    /// </summary>
    private bool HasSnapshots(Database database) => !database.HasOneWriter
        && options.IsolationLevel is IsolationLevel.RepeatableRead or IsolationLevel.Serializable or IsolationLevel.Snapshot;

    private bool TakesLocks(Database database, in ClaimOptions terms) =>
        options.Claim is not ClaimMode.Row && !Remembers(terms) && database.HasTransactionLocks;

    /// <summary>A lease for the whole run.</summary>
    private static ClaimOptions Unrenewed(in ClaimOptions terms) => terms with
    {
        Lease = terms.RenewFor > terms.Lease ? terms.RenewFor.Value : terms.Lease,
        RenewFor = TimeSpan.Zero,
    };

    private static bool Remembers(in ClaimOptions terms) =>
        terms.WhenInterrupted is InterruptedBehavior.Block || terms.WhenFailed is FailureBehavior.Block;

    private async ValueTask<ClaimResult> ClaimByLockAsync(
        UnitOfWork unit, Database database, RowKey key, ClaimOptions terms, CancellationToken cancellationToken)
    {
        LockLook found;
        try
        {
            found = await TryLockAsync(unit, database, key, terms.RenewFor, cancellationToken);
        }
        catch
        {
            await unit.EndAsync();
            throw;
        }

        var look = found.Row;
        var isFree = look.Outcome is ClaimOutcome.None || (look.Outcome is ClaimOutcome.Completed && terms.OverCompleted);
        if (found.IsLocked && isFree && !found.IsReadOnly)
            return ClaimResult.Acquired(new LockClaim(store, unit, database, database.Locks, key, look));

        // A replay leaves before the rollback has been answered: nobody waits for it but the end of the request.
        var ending = unit.EndAsync();
        if (look.Outcome is ClaimOutcome.Completed && !terms.OverCompleted)
            return ClaimResult.Completed(new(look.Record ?? []), new EndingUnit(ending));

        await ending;
        // Before the action runs: it may do something outside that the database cannot undo.
        if (isFree && found.IsReadOnly)
            throw new TimeoutException("The database is read-only.");
        return look.Outcome is ClaimOutcome.Interrupted ? ClaimResult.Interrupted : ClaimResult.InFlight;
    }

    /// <summary>Again on another connection, if that of the pool was broken: nothing has happened on it.</summary>
    private async Task<LockLook> TryLockAsync(
        UnitOfWork unit, Database database, RowKey key, TimeSpan? limit, CancellationToken cancellationToken)
    {
        const int Attempts = 3;
        using var late = store.Limit(cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await unit.BeginAsync(late.Token);
                return await database.Locks.ClaimAsync(unit.Transaction!, key, limit, late.Token);
            }
            catch (Exception exception)
                when (DatabaseErrors.IsUnreachable(exception) && attempt < Attempts && !late.IsCancellationRequested)
            {
                await unit.EndAsync();
            }
            catch (Exception exception) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException($"The database did not answer within {options.OperationTimeout}.", exception);
            }
            catch (Exception exception) when (DatabaseErrors.IsFull(exception))
            {
                throw new IdempotencyStoreFullException("The database has no room: " + exception.Message);
            }
            catch (Exception exception) when (DatabaseErrors.IsUnreachable(exception))
            {
                throw new TimeoutException("The database could not be reached: " + exception.Message, exception);
            }
        }
    }
}
