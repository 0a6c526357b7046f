using System.Data.Common;
using Idempotency.Filters.Stores;
using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>
/// The transaction of one request: on the connection of its context, and shared by the contexts that take part. While it is open, the
/// connection stays open. Whatever happens, <see cref="EndAsync"/> gives the contexts back as they were.
/// </summary>
internal sealed class UnitOfWork
{
    private static readonly AsyncLocal<UnitOfWork?> Ambient = new();

    private readonly DbContext _context;
    private readonly IReadOnlyList<GuestContext> _guests;
    private readonly EntityFrameworkStoreOptions _options;
    private bool _isOpened;
    private volatile bool _isRunning;

    /// <param name="context">The context of the request.</param>
    /// <param name="guests">Those that take part.</param>
    /// <param name="options">The settings of the store.</param>
    /// <exception cref="IdempotencyUnitOfWorkException">The request has a transaction already, which nobody here may end.</exception>
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

        _context = context;
        _guests = [.. guests.Select(guest => new GuestContext(guest))];
        _options = options;
    }

    /// <summary>The unit of work whose action this code belongs to; null outside an action.</summary>
    public static UnitOfWork? Current => Ambient.Value is { _isRunning: true } unit ? unit : null;

    /// <summary>The transaction; null before it has begun and after it has ended.</summary>
    public DbTransaction? Transaction { get; private set; }

    public bool AllowsSeparate(Type contextType) => _options.SeparateContexts.Contains(contextType);

    /// <summary>Whether the context is another one of the same type, which is not in the transaction.</summary>
    public bool IsOutside(DbContext context) =>
        context.GetType() == _context.GetType() && !ReferenceEquals(context, _context);

    /// <summary>Whether an action left changes that it did not save.</summary>
    public bool HasUnsavedChanges => Contexts.Any(context => context.ChangeTracker.HasChanges());

    private IEnumerable<DbContext> Contexts => _guests.Select(guest => guest.Context).Prepend(_context);

    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _context.Database.OpenConnectionAsync(cancellationToken);
            _isOpened = true;
            var connection = _context.Database.GetDbConnection();
            using var patience = BusyPatience.Of(connection, _options.OperationTimeout);
            Transaction = _options.IsolationLevel is { } level
                ? await connection.BeginTransactionAsync(level, cancellationToken)
                : await connection.BeginTransactionAsync(cancellationToken);
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
            run.Unit._isRunning = true;
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
    }

    /// <summary>Rolls back what is not committed, and gives the contexts back. Never throws: a broken connection has rolled back.</summary>
    public async Task EndAsync()
    {
        if (Transaction is { } transaction)
        {
            Transaction = null;
            await TryAsync(() => transaction.DisposeAsync().AsTask());
        }

        foreach (var guest in _guests)
            await TryAsync(guest.LeaveAsync);
        await TryAsync(() => _context.Database.UseTransactionAsync(null));
        if (_isOpened)
        {
            _isOpened = false;
            await TryAsync(_context.Database.CloseConnectionAsync);
        }
    }

    private async Task JoinAsync()
    {
        await _context.Database.UseTransactionAsync(Transaction);
        foreach (var guest in _guests)
            await guest.JoinAsync(Transaction!);
    }

    private static async Task TryAsync(Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (Exception exception) when (exception is DbException or InvalidOperationException or IOException or TimeoutException)
        {
            // The connection is gone, and with it the transaction.
        }
    }
}
