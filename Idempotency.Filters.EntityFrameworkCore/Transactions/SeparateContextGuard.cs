using System.Data.Common;
using System.Transactions;
using Idempotency.Filters.Stores;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>
/// Refuses writes by another instance of the context while an action runs in a transaction: they would not be in it, and stay when it is
/// rolled back. Refuses a scope in the action, too.
/// </summary>
internal sealed class SeparateContextGuard : SaveChangesInterceptor, IDbCommandInterceptor
{
    public static readonly SeparateContextGuard Instance = new();

    private SeparateContextGuard()
    {
    }

    public override InterceptionResult<int> SavingChanges(DbContextEventData eventData, InterceptionResult<int> result)
    {
        CheckScope(eventData.Context);
        Check(eventData.Context);
        return result;
    }

    public override ValueTask<InterceptionResult<int>> SavingChangesAsync(
        DbContextEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        CheckScope(eventData.Context);
        Check(eventData.Context);
        return new(result);
    }

    public InterceptionResult<int> NonQueryExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<int> result)
    {
        Check(eventData);
        return result;
    }

    public ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        Check(eventData);
        return new(result);
    }

    /// <summary>A scope enlists the connection, which has a transaction. What the client says to that names no cause.</summary>
    private static void CheckScope(DbContext? context)
    {
        if (context is not null && Transaction.Current is not null && UnitOfWork.Current is { } unit && unit.IsInside(context))
        {
            throw new IdempotencyUnitOfWorkException(
                "The action opened a TransactionScope, but its idempotency policy is Transactional, so it runs in a transaction already. "
                + "Remove the scope; " + TransactionalClaim.Savepoints);
        }
    }

    private static void Check(CommandEventData command)
    {
        if (command.CommandSource is CommandSource.ExecuteSqlRaw or CommandSource.ExecuteUpdate or CommandSource.ExecuteDelete)
            Check(command.Context);
    }

    private static void Check(DbContext? context)
    {
        if (context is null || UnitOfWork.Current is not { } unit || !unit.IsOutside(context))
            return;

        var type = context.GetType();
        if (unit.AllowsSeparate(type))
            return;

        throw new IdempotencyUnitOfWorkException(
            $"A second {type.Name} writes while an action runs in the transaction of the first: what it writes would stay if the action "
            + $"were rolled back. Use the {type.Name} of the request. If it must be separate, such as for an audit trail, allow it: "
            + $"UseEntityFramework<{type.Name}>(options => options.AllowSeparate<{type.Name}>()).");
    }
}
