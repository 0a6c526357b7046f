using Idempotency.Filters.EntityFrameworkCore.Store;
using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.EntityFrameworkCore.Hosting;

/// <summary>
/// What the start and the clean-up log. Event ids are stable: 71 to 73 here, and 75 for transactions. The shared lease renewal and release
/// queue have 64 to 67, 69 and 70, and the Redis store has 60 to 63, 68 and 74.
/// </summary>
// The only class of this assembly that the source generator writes: the order of several would change with each build.
internal static partial class StoreLog
{
    [LoggerMessage(71, LogLevel.Information, "Idempotency store {Store}: the table {Table} of a database of {Provider} serves it.")]
    public static partial void Connected(ILogger logger, StoreName<EfIdempotencyStore> store, string table, string provider);

    [LoggerMessage(72, LogLevel.Error,
        "Idempotency store {Store}: the database does not answer. The application starts all the same, since RequireDatabaseAtStart is "
        + "false; requests with keys are answered 503 until it does.")]
    public static partial void Unreachable(ILogger logger, Exception exception, StoreName<EfIdempotencyStore> store);

    [LoggerMessage(73, LogLevel.Warning,
        "Idempotency store {Store}: expired rows of the table {Table} could not be removed; it will be tried again.")]
    public static partial void CleanupFailed(ILogger logger, Exception exception, StoreName<EfIdempotencyStore> store, string table);
}
