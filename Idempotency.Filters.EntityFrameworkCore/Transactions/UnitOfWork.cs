using System.Data;
using System.Data.Common;
using Idempotency.Filters.Stores;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>
/// The transaction of one request: on the connection of its context, and shared by the contexts that take part. While it is open, the
/// connection stays open. Whatever happens, <see cref="EndAsync"/> gives the contexts back.
/// </summary>
internal sealed class UnitOfWork
{
    private static readonly AsyncLocal<UnitOfWork?> Ambient = new();

    private readonly DbContext _context;
    private readonly IReadOnlyList<GuestContext> _guests;
    private readonly EntityFrameworkStoreOptions _options;
    private DbConnection? _connection;
    private bool _isOpened;
    private IDbContextTransaction? _joined;
    private bool _hasRun;
    private bool _isCommitted;
    private bool _hasKeptSavepoint;
    private volatile bool _isRunning;

    /// <param name="context">The context of the request.</param>
    /// <param name="guests">Those that take part.</param>
    /// <param name="options">The settings of the store.</param>
    /// <exception cref="IdempotencyUnitOfWorkException">
    /// The request has a transaction already, which nobody here may end, or a context lacks its guards.
    /// </exception>
    public UnitOfWork(DbContext context, IReadOnlyList<DbContext> guests, EntityFrameworkStoreOptions options)
    {
        var name = context.GetType().Name;
        if (System.Transactions.Transaction.Current is not null)
        {
            throw new IdempotencyUnitOfWorkException(
                "A TransactionScope is open around an endpoint whose idempotency policy is Transactional. The store begins and ends the "
                + "transaction by itself: remove the scope, or Transactional.");
        }

        if (context.Database.CurrentTransaction is not null)
        {
            throw new IdempotencyUnitOfWorkException(
                $"Something began a transaction on {name} before an endpoint whose idempotency policy is Transactional. The store begins "
                + "and ends the transaction by itself: remove the other one, or Transactional.");
        }

        foreach (var used in guests.Prepend(context))
            Guards.RequireIn(used);
        _context = context;
        _guests = [.. guests.Select(guest => new GuestContext(guest))];
        _options = options;
    }

    /// <summary>The unit of work whose action this code belongs to; null outside an action.</summary>
    public static UnitOfWork? Current => Ambient.Value is { _isRunning: true } unit ? unit : null;

    /// <summary>The unit of work whose action runs in the transaction; null for every other transaction.</summary>
    public static UnitOfWork? Of(DbTransaction? transaction) =>
        transaction is not null && Current is { } unit && ReferenceEquals(unit.Transaction, transaction) ? unit : null;

    /// <summary>What a command failed with that ended the transaction; null as long as none has.</summary>
    public Exception? Conflict { get; set; }

    /// <summary>The transaction; null before it has begun and after it has ended.</summary>
    public DbTransaction? Transaction { get; private set; }

    /// <summary>Whether the action ended the transaction, on a connection that still works.</summary>
    public bool WasEnded
    {
        get
        {
            if (_connection is not { State: ConnectionState.Open } || Transaction is not { } transaction)
                return false;

            try
            {
                // Of a transaction that has ended, some clients tell nothing any more.
                _ = transaction.IsolationLevel;
                return transaction.Connection is null;
            }
            catch (InvalidOperationException)
            {
                return true;
            }
        }
    }

    public bool AllowsSeparate(Type contextType) => _options.SeparateContexts.Contains(contextType);

    /// <summary>Whether the context is another one of the same type, which is not in the transaction.</summary>
    public bool IsOutside(DbContext context) =>
        context.GetType() == _context.GetType() && !ReferenceEquals(context, _context);

    /// <summary>Whether the context is that of the request.</summary>
    public bool IsInside(DbContext context) => ReferenceEquals(context, _context);

    /// <summary>Whether an action left changes that it did not save.</summary>
    public bool HasUnsavedChanges => Contexts.Any(context => context.ChangeTracker.HasChanges());

    private IEnumerable<DbContext> Contexts => _guests.Select(guest => guest.Context).Prepend(_context);

    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _context.Database.OpenConnectionAsync(cancellationToken);
            _isOpened = true;
            _connection = _context.Database.GetDbConnection();
            using var patience = BusyPatience.Of(_connection, _options.OperationTimeout);
            Transaction = _options.IsolationLevel is { } level
                ? await _connection.BeginTransactionAsync(level, cancellationToken)
                : await _connection.BeginTransactionAsync(cancellationToken);
        }
        catch (InvalidOperationException exception) when (exception.GetType() == typeof(InvalidOperationException))
        {
            // A pool that is exhausted: its client says so in no other way.
            throw new TimeoutException(exception.Message, exception);
        }
    }

    /// <summary>Runs the action in the transaction.</summary>
    /// <param name="action">Never throws.</param>
    // Inside the execution strategy of the context, because a strategy that retries accepts no transaction of somebody else, unless it runs
    // already. It has nothing to retry here: the action's exception stays in the action.
    public Task RunAsync(Func<Task> action) => _context.Database.CreateExecutionStrategy().ExecuteAsync(
        (Unit: this, Action: action),
        static async (_, run, _) =>
        {
            await run.Unit.JoinAsync();
            Ambient.Value = run.Unit;
            run.Unit._isRunning = run.Unit._hasRun = true;
            try
            {
                await run.Action();
            }
            finally
            {
                run.Unit._isRunning = false;
            }

            return true;
        },
        verifySucceeded: null,
        CancellationToken.None);

    /// <summary>Commits. Nobody knows the outcome if it throws, unless the database says it.</summary>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        // By the context, so that its interceptors hear of it.
        if (_context.Database.CurrentTransaction is { } joined)
            await joined.CommitAsync(cancellationToken);
        else
            await Transaction!.CommitAsync(cancellationToken);
        _isCommitted = true;
    }

    /// <summary>
    /// Whether a savepoint of the action may stay in place of its release, which costs a round trip: the first one. Many would burden the
    /// database, since each lies within the one before.
    /// </summary>
    public bool TryKeepSavepoint() => !_hasKeptSavepoint && (_hasKeptSavepoint = true);

    /// <summary>
    /// Rolls back what is not committed, and gives the contexts back, with nothing in them that a later save would write. Never throws: a
    /// broken connection has rolled back.
    /// </summary>
    public async Task EndAsync()
    {
        if (Transaction is { } transaction)
        {
            Transaction = null;
            if (!_isCommitted)
            {
                // A client that is told to give up a database that does not answer breaks the connection.
                using var limit = new CancellationTokenSource(_options.OperationTimeout);
                await TryAsync(() => transaction.RollbackAsync(limit.Token));
            }

            await TryAsync(() => transaction.DisposeAsync().AsTask());
        }

        if (_hasRun && !_isCommitted)
        {
            _hasRun = false;
            foreach (var context in Contexts)
                await TryAsync(() => ClearAsync(context));
        }

        foreach (var guest in _guests)
            await TryAsync(guest.LeaveAsync);
        if (_joined is { } joined)
        {
            // It had opened the connection once more.
            _joined = null;
            await TryAsync(() => joined.DisposeAsync().AsTask());
        }

        if (_isOpened)
        {
            _isOpened = false;
            await TryAsync(() => _context.Database.CloseConnectionAsync());
        }
    }

    private async Task JoinAsync()
    {
        _joined = await _context.Database.UseTransactionAsync(Transaction);
        foreach (var guest in _guests)
            await guest.JoinAsync(Transaction!);
    }

    private static Task ClearAsync(DbContext context)
    {
        context.ChangeTracker.Clear();
        return Task.CompletedTask;
    }

    private static async Task TryAsync(Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (Exception exception)
            when (exception is DbException or InvalidOperationException or IOException or TimeoutException or OperationCanceledException)
        {
            // The connection is gone, and with it the transaction; or the action has disposed of its context.
        }
    }
}
