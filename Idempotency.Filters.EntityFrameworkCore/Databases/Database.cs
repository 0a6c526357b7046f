using System.Data.Common;
using System.Transactions;
using Idempotency.Filters.EntityFrameworkCore.Model;
using Idempotency.Filters.EntityFrameworkCore.Rows;
using Idempotency.Filters.EntityFrameworkCore.Transactions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace Idempotency.Filters.EntityFrameworkCore.Databases;

/// <summary>One database with the table, and how to open connections to it.</summary>
internal sealed class Database
{
    private readonly PooledDbContextFactory<RowContext> _contexts;
    private readonly Func<Task>? _create;
    private readonly TimeSpan _timeout;
    private Task? _created;
    private LockRows? _locks;

    /// <param name="context">A context of the application, or ours, that is configured for the database. It is only read.</param>
    /// <param name="services">The services of the application, where a provider may find its connections.</param>
    /// <param name="timeout">How long one statement may take.</param>
    /// <param name="create">Makes the table if it is missing; null = the application does.</param>
    /// <exception cref="InvalidOperationException">The store cannot work with what the context is configured for.</exception>
    public Database(DbContext context, IServiceProvider services, TimeSpan timeout, Func<Task>? create)
    {
        ContextName = context.GetType().Name;
        Table = IdempotencyTable.In(context) ?? throw new InvalidOperationException(
            $"The model of {ContextName} has no table for idempotency keys. Add it in OnModelCreating, then add a migration: "
            + "modelBuilder.AddIdempotency();");
        ProviderName = context.Database.ProviderName ?? "";
        IsGuarded = Guards.AreIn(context);
        Rows = RowsFactory.For(ProviderName, Table, timeout);
        _contexts = new(OptionsLike(context, services));
        _create = create;
        _timeout = timeout;
    }

    public string ContextName { get; }

    public IdempotencyTable Table { get; }

    public string ProviderName { get; }

    /// <summary>Whether its context was made with what keeps an action from ending the transaction that it runs in.</summary>
    public bool IsGuarded { get; }

    public IdempotencyRows Rows { get; }

    /// <summary>The operations of lock mode. Only where the database <see cref="HasTransactionLocks"/>.</summary>
    public LockRows Locks => _locks ??= new(this, _timeout);

    /// <summary>Whether there are locks that end with their transaction, and that one can try to take.</summary>
    public bool HasTransactionLocks => Rows is PostgresRows;

    /// <summary>Whether a transaction that writes keeps all others from writing.</summary>
    public bool HasOneWriter => Rows is SqliteRows;

    /// <summary>Runs on a connection of its own, outside every transaction, and closes it.</summary>
    public async Task<T> RunAsync<T>(Func<DbConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        // A client would let its connection take part in a transaction of the caller.
        using var outside = Transaction.Current is null
            ? null
            : new TransactionScope(TransactionScopeOption.Suppress, TransactionScopeAsyncFlowOption.Enabled);
        await EnsureCreatedAsync(cancellationToken);
        await using var context = await _contexts.CreateDbContextAsync(cancellationToken);
        try
        {
            await context.Database.OpenConnectionAsync(cancellationToken);
        }
        catch (InvalidOperationException exception) when (exception.GetType() == typeof(InvalidOperationException))
        {
            // A pool that is exhausted: its client says so in no other way.
            throw new TimeoutException(exception.Message, exception);
        }

        return await work(context.Database.GetDbConnection(), cancellationToken);
    }

    private async Task EnsureCreatedAsync(CancellationToken cancellationToken)
    {
        if (_create is null)
            return;

        // It goes on when this caller leaves: the next one needs it, too. An attempt that failed is no answer for the next call.
        var created = Volatile.Read(ref _created);
        if (created is null || created.IsFaulted || created.IsCanceled)
            Volatile.Write(ref _created, created = _create());
        await created.WaitAsync(cancellationToken);
    }

    private static DbContextOptions<RowContext> OptionsLike(DbContext context, IServiceProvider services)
    {
        // Those at hand: OnConfiguring may have added to them, and the application may have set another connection string since.
        var options = context.GetService<IDbContextOptions>();
        var provider = RelationalOptionsExtension.Extract(options);
        if (provider.Connection is not null)
        {
            throw new InvalidOperationException(
                $"{context.GetType().Name} is configured with a DbConnection. The store opens connections of its own: give the provider a "
                + "connection string, or a data source.");
        }

        if (context.Database.GetConnectionString() is { } connectionString && connectionString != provider.ConnectionString
            && provider.ConnectionString is not null)
        {
            provider = provider.WithConnectionString(connectionString);
        }

        var builder = new DbContextOptionsBuilder<RowContext>();
        ((IDbContextOptionsBuilderInfrastructure)builder).AddOrUpdateExtension(provider);
        var core = options.FindExtension<CoreOptionsExtension>();
        // The same warnings: others would need services of their own, and Entity Framework counts the sets of services that it makes.
        if (core is not null)
        {
            ((IDbContextOptionsBuilderInfrastructure)builder)
                .AddOrUpdateExtension(new CoreOptionsExtension().WithWarningsConfiguration(core.WarningsConfiguration));
        }

        // Those that give connections a token, for example. Others have no business with our statements.
        var interceptors = core?.Interceptors?.OfType<IDbConnectionInterceptor>().ToList();
        if (interceptors is { Count: > 0 })
            builder.AddInterceptors(interceptors);
        return builder.UseApplicationServiceProvider(services).Options;
    }
}
