using System.Buffers;
using System.Globalization;
using Idempotency.Filters.EntityFrameworkCore.Databases;
using Idempotency.Filters.EntityFrameworkCore.Model;
using Idempotency.Filters.EntityFrameworkCore.Rows;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.EntityFrameworkCore.Store;

/// <remarks>Outside a request there is no tenant, so each database that the store has met is asked.</remarks>
internal sealed partial class EfIdempotencyStore
{
    private const int ForgottenAtOnce = 1000;

    public ValueTask<StoredKey?> FindAsync(StorageKey key, CancellationToken cancellationToken) =>
        FindAsync(RowKey.Of(key), cancellationToken);

    private async ValueTask<StoredKey?> FindAsync(RowKey row, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var database in DatabasesOfOperators())
        {
            var look = (await _context.Calls.RunAsync(
                database, (rows, connection, token) => rows.FindAsync(connection, row, token), cancellationToken)).Result;
            if (look.Outcome != ClaimOutcome.None)
                return new(look.Outcome, look.Record, look.Version);
        }

        return null;
    }

    public ValueTask<bool> ResolveAsync(
        StorageKey key, StoredKey found, ReadOnlySequence<byte>? record, TimeSpan? retention, CancellationToken cancellationToken) =>
        ResolveAsync(RowKey.Of(key), found, record, retention, cancellationToken);

    private async ValueTask<bool> ResolveAsync(
        RowKey row, StoredKey found, ReadOnlySequence<byte>? record, TimeSpan? retention, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // It may be interrupted by now: then it is no longer as it was found.
        if (found.State == ClaimOutcome.InFlight)
            return false;

        var seen = SeenIn(found.Version);
        var owner = RowTerms.NewOwner();
        var bytes = record is { } sequence ? sequence.ToArray() : null;
        foreach (var database in DatabasesOfOperators())
        {
            var answer = await _context.Calls.RunAsync(
                database,
                (rows, connection, token) => rows.ResolveAsync(connection, row, seen, owner, bytes, retention, token),
                cancellationToken);
            if (answer.Result)
                return true;
            if (answer.InDoubt && bytes is null && await FindAsync(row, cancellationToken) is null)
                return true;
        }

        return false;
    }

    public async ValueTask<long> ForgetAsync(string scope, CancellationToken cancellationToken)
    {
        var hash = RowKey.ScopeOf(scope);
        var forgotten = 0L;
        foreach (var database in DatabasesOfOperators())
        {
            int removed;
            do
            {
                removed = (await _context.Calls.RunAsync(
                    database,
                    (rows, connection, token) => rows.ForgetAsync(connection, hash, ForgottenAtOnce, token),
                    cancellationToken)).Result;
                forgotten += removed;
            }
            while (removed > 0);
        }

        return forgotten;
    }

    private List<Database> DatabasesOfOperators()
    {
        var known = Databases.Known.ToList();
        return known.Count > 0 ? known : [Databases.Of(requestServices: null)];
    }

    private static (byte[] Owner, RowState State) SeenIn(string version)
    {
        var dash = version.IndexOf('-', StringComparison.Ordinal);
        return (Convert.FromHexString(version[..dash]), (RowState)short.Parse(version[(dash + 1)..], CultureInfo.InvariantCulture));
    }
}
