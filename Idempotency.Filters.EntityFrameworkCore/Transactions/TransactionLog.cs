using Idempotency.Filters.EntityFrameworkCore.Rows;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>What the log says of units of work.</summary>
internal static class TransactionLog
{
    private static readonly Action<ILogger, string, Exception?> UnsavedChanges = LoggerMessage.Define<string>(
        LogLevel.Warning, new EventId(75, nameof(UnsavedChanges)),
        "Idempotency key {KeyHash}: the action changed entities and did not save them. They are not in the transaction that is committed "
        + "now. Call SaveChangesAsync in the action.");

    public static void NoteUnsaved(ILogger logger, UnitOfWork unit, RowKey key)
    {
        if (logger.IsEnabled(LogLevel.Warning) && unit.HasUnsavedChanges)
            UnsavedChanges(logger, key.LogHash, null);
    }
}
