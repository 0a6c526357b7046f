using System.Buffers;
using System.Runtime.CompilerServices;
using Idempotency.Filters.EntityFrameworkCore.Rows;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.EntityFrameworkCore.Store;

/// <remarks>
/// The handle of a key is its two hashes. A claim by a lock of the database has no row before it commits, so it is not listed. A key that
/// several tenants have in databases of their own has the same handle in each.
/// </remarks>
internal sealed partial class EfIdempotencyStore
{
    private const int ListedAtOnce = 500;

    public bool CanList => true;

    public async IAsyncEnumerable<StoredEntry> ListAsync(
        ListOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var database in DatabasesOfOperators())
        {
            List<ListedRow> page;
            var behind = IdempotencyRows.First;
            do
            {
                var after = behind;
                page = (await _context.Calls.RunAsync(
                    database,
                    (rows, connection, token) => rows.ListAsync(connection, after, ListedAtOnce, options.RecordLength, token),
                    cancellationToken)).Result;
                foreach (var row in page)
                {
                    behind = row.Key;
                    if (options.States.Contains(row.Look.Outcome))
                        yield return Entry(row);
                }
            }
            while (page.Count > 0);
        }
    }

    public async ValueTask<StoredEntry?> FindListedAsync(string handle, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (RowKey.OfHandle(handle) is not { } key)
            return null;

        foreach (var database in DatabasesOfOperators())
        {
            var row = (await _context.Calls.RunAsync(
                database, (rows, connection, token) => rows.FindListedAsync(connection, key, token), cancellationToken)).Result;
            if (row is not null && row.Look.Outcome != ClaimOutcome.None)
                return Entry(row);
        }

        return null;
    }

    public ValueTask<bool> ResolveListedAsync(
        StoredEntry found, ReadOnlySequence<byte>? record, TimeSpan? retention, CancellationToken cancellationToken) =>
        RowKey.OfHandle(found.Handle) is { } key
            ? ResolveAsync(key, found.Content, record, retention, cancellationToken)
            : new(false);

    private static StoredEntry Entry(ListedRow row)
    {
        var look = row.Look;
        return new(row.Key.Handle, new(look.Outcome, look.Record, look.Version))
        {
            KeyDigest = row.Key.Id,
            // A fencing token is the moment of its claim, unless the clock of the database went back.
            Age = look.Outcome switch
            {
                ClaimOutcome.InFlight => Span(look.Fencing, look.Moment),
                ClaimOutcome.Interrupted => Span(row.LeaseUntil, look.Moment),
                _ => null,
            },
            ExpiresIn = look.Outcome switch
            {
                ClaimOutcome.Completed => Span(look.Moment, row.ExpiresAt),
                ClaimOutcome.Interrupted => Span(look.Moment, row.BlockedUntil),
                _ => null,
            },
        };
    }

    /// <returns>Null when the end never comes, or later than a span can say.</returns>
    private static TimeSpan? Span(long start, long end)
    {
        var ticks = ((Int128)end - start) * TimeSpan.TicksPerMicrosecond;
        return end == long.MaxValue || ticks > long.MaxValue ? null : new TimeSpan((long)Int128.Max(0, ticks));
    }
}
