using System.Data.Common;
using Idempotency.Filters.EntityFrameworkCore.Databases;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>
/// Some databases end the whole transaction at a deadlock. An action that swallows it and writes again would commit that by itself: nothing
/// of this action is executed any more.
/// </summary>
internal sealed class ConflictGuard : DbCommandInterceptor
{
    public static readonly ConflictGuard Instance = new();

    private ConflictGuard()
    {
    }

    public override void CommandFailed(DbCommand command, CommandErrorEventData eventData)
    {
        if (DatabaseErrors.EndsTransaction(eventData.Exception) && UnitOfWork.Of(command.Transaction) is { } unit)
            unit.Conflict = eventData.Exception;
    }

    public override Task CommandFailedAsync(
        DbCommand command, CommandErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        CommandFailed(command, eventData);
        return Task.CompletedTask;
    }

    public override InterceptionResult<DbDataReader> ReaderExecuting(
        DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result) => Check(command, result);

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result,
        CancellationToken cancellationToken = default) => new(Check(command, result));

    public override InterceptionResult<int> NonQueryExecuting(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result) => Check(command, result);

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default) =>
        new(Check(command, result));

    public override InterceptionResult<object> ScalarExecuting(
        DbCommand command, CommandEventData eventData, InterceptionResult<object> result) => Check(command, result);

    public override ValueTask<InterceptionResult<object>> ScalarExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<object> result,
        CancellationToken cancellationToken = default) => new(Check(command, result));

    private static T Check<T>(DbCommand command, T result) => UnitOfWork.Of(command.Transaction)?.Conflict is { } conflict
        ? throw new TransactionConflictException(conflict)
        : result;
}
