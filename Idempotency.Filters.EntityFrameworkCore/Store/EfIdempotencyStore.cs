using Idempotency.Filters.EntityFrameworkCore.Databases;
using Idempotency.Filters.EntityFrameworkCore.Rows;
using Idempotency.Filters.EntityFrameworkCore.Transactions;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.EntityFrameworkCore.Store;

/// <summary>Claims and records in a table of a relational database, whose clock decides.</summary>
internal sealed partial class EfIdempotencyStore : IDrainedStore, IIdempotencyStoreAdministration, IDisposable
{
    private readonly RowStoreContext _context;
    private readonly RowClaimer _claimer;
    private readonly UnitClaimer _units;
    private readonly int? _maxKeysPerCaller;

    public EfIdempotencyStore(
        DatabaseSource databases, EntityFrameworkStoreOptions options, TimeProvider timeProvider, ILogger<EfIdempotencyStore> logger)
    {
        OperationTimeout = options.OperationTimeout;
        _context = new(databases, options.OperationTimeout, timeProvider, logger);
        _claimer = new(_context);
        _units = new(_context, _claimer, options);
        _maxKeysPerCaller = options.MaxKeysPerCaller;
    }

    public TimeSpan? OperationTimeout { get; }

    public DatabaseSource Databases => _context.Databases;

    public ValueTask<ClaimResult> ClaimAsync(StorageKey key, ClaimOptions options, CancellationToken cancellationToken) =>
        _maxKeysPerCaller is { } limit
            ? ClaimWithinAsync(limit, key, options, cancellationToken)
            : ClaimAnyAsync(key, options, cancellationToken);

    public string? ObjectionTo(in ClaimOptions options) => _units.ObjectionTo(options);

    public ValueTask<ClaimResult> WaitAsync(
        StorageKey key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var database = Databases.Of(options.RequestServices);
        return timeout > TimeSpan.Zero
            ? _context.Waiters.WaitAsync(
                database, key, options.OverCompleted, timeout, token => ClaimAsync(key, options, token), cancellationToken)
            : ClaimAsync(key, options, cancellationToken);
    }

    /// <summary>Removes at most <paramref name="batch"/> rows that are over.</summary>
    public async Task<int> CleanUpAsync(Database database, int batch, CancellationToken cancellationToken) =>
        (await _context.Calls.RunAsync(
            database, (rows, connection, token) => rows.CleanUpAsync(connection, batch, token), cancellationToken)).Result;

    public Task DrainAsync(CancellationToken timeIsUp) => _context.Releases.DrainAsync(timeIsUp);

    public void Dispose() => _context.Dispose();

    private ValueTask<ClaimResult> ClaimAnyAsync(StorageKey key, ClaimOptions options, CancellationToken cancellationToken) =>
        options.Transactional
            ? _units.ClaimAsync(key, options, cancellationToken)
            : _claimer.AttemptAsync(key, Databases.Of(options.RequestServices), options, cancellationToken);

    private async ValueTask<ClaimResult> ClaimWithinAsync(
        int limit, StorageKey key, ClaimOptions options, CancellationToken cancellationToken)
    {
        var row = RowKey.Of(key);
        var isBeyond = await _context.Calls.RunAsync(
            Databases.Of(options.RequestServices),
            (rows, connection, token) => rows.IsBeyondAsync(connection, row, limit, token),
            cancellationToken);
        if (!isBeyond.Result)
            return await ClaimAnyAsync(key, options, cancellationToken);

        throw new IdempotencyStoreFullException(
            $"The caller has {limit} keys in the table. Raise EntityFrameworkStoreOptions.MaxKeysPerCaller, or shorten the retention.")
        {
            IsLimitOfCaller = true,
        };
    }
}
