using System.Data.Common;
using Idempotency.Filters.EntityFrameworkCore.Model;

namespace Idempotency.Filters.EntityFrameworkCore.Rows;

/// <summary>
/// SQLite, which has one writer at a time. The writers of this process queue here, without a thread each. A reader waits for no writer, so
/// a key in flight is found while another key is written.
/// </summary>
// The semaphore has no handle to give back: nobody waits for it synchronously.
#pragma warning disable CA1001
internal sealed class SqliteRows(IdempotencyTable table, TimeSpan timeout) : IdempotencyRows(table, new SqliteDialect(), timeout)
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim _writers = new(1);
    private readonly string _patience = $"PRAGMA busy_timeout = {(long)timeout.TotalMilliseconds}";

    protected override async Task<int> WriteAsync(DbCommand command, CancellationToken cancellationToken)
    {
        await _writers.WaitAsync(cancellationToken);
        try
        {
            // Writers of other processes are waited for by SQLite itself: its client would look only every 150 ms.
            await using (var patience = command.Connection!.CreateCommand())
            {
                patience.CommandText = _patience;
                await patience.ExecuteNonQueryAsync(cancellationToken);
            }

            return await base.WriteAsync(command, cancellationToken);
        }
        finally
        {
            _writers.Release();
        }
    }
}
