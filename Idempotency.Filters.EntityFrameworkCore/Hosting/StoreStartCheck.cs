using Idempotency.Filters.EntityFrameworkCore.Databases;
using Idempotency.Filters.EntityFrameworkCore.Store;
using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.EntityFrameworkCore.Hosting;

/// <summary>
/// Looks at the table of every store before the application serves requests; of several databases, at that of a scope without a request.
/// </summary>
internal sealed class StoreStartCheck(
    IServiceProvider services,
    IEnumerable<StoreName<EfIdempotencyStore>> names,
    IOptionsMonitor<EntityFrameworkStoreOptions> options,
    TimeProvider timeProvider,
    ILogger<EfIdempotencyStore> logger) : IHostedService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (DocumentHost.IsRunning)
            return;

        foreach (var name in names.Distinct())
        {
            if (name.StoreIn(services) is { } store)
                await CheckAsync(store, name, cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void CheckGuests(StoreName<EfIdempotencyStore> name)
    {
        var registered = services.GetRequiredService<IServiceProviderIsService>();
        var guests = options.Get(name.Value ?? Microsoft.Extensions.Options.Options.DefaultName).GuestContexts;
        if (guests.FirstOrDefault(guest => !registered.IsService(guest)) is { } missing)
        {
            throw new InvalidOperationException(
                $"Idempotency store {name}: With<{missing.Name}>() names a context that is not registered. Register it: "
                + $"builder.Services.AddDbContext<{missing.Name}>(options => ...);");
        }
    }

    private async Task CheckAsync(EfIdempotencyStore store, StoreName<EfIdempotencyStore> name, CancellationToken cancellationToken)
    {
        CheckGuests(name);
        Database database;
        try
        {
            database = store.Databases.Of(requestServices: null);
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidOperationException($"Idempotency store {name}: {exception.Message}", exception);
        }
        catch (NoTenantException exception)
        {
            if (options.Get(name.Value ?? Microsoft.Extensions.Options.Options.DefaultName).RequireDatabaseAtStart)
            {
                throw new InvalidOperationException(
                    $"Idempotency store {name}: {exception.Message}. Give it a database there too, or set "
                    + "EntityFrameworkStoreOptions.RequireDatabaseAtStart to false, to start without a look at the table.",
                    exception);
            }

            StoreLog.Unreachable(logger, exception, name);
            return;
        }

        try
        {
            using var late = new CancellationTokenSource(Patience, timeProvider);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
            await Task.Run(
                () => database.RunAsync((connection, token) => database.Rows.ProbeAsync(connection, token), either.Token),
                CancellationToken.None)
                .WaitAsync(Patience, timeProvider, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && DatabaseErrors.IsMissing(exception))
        {
            throw new InvalidOperationException(
                $"Idempotency store {name}: the table {database.Table.DisplayName} is missing, or has an older shape "
                + $"({exception.Message}). Make it with a migration: dotnet ef migrations add Idempotency "
                + $"--context {database.ContextName}, then "
                + $"dotnet ef database update --context {database.ContextName}.",
                exception);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            if (options.Get(name.Value ?? Microsoft.Extensions.Options.Options.DefaultName).RequireDatabaseAtStart)
            {
                throw new InvalidOperationException(
                    $"Idempotency store {name}: its database does not answer ({exception.Message}). Start it, correct the connection, "
                    + "or set EntityFrameworkStoreOptions.RequireDatabaseAtStart to false, to start without it.",
                    exception);
            }

            StoreLog.Unreachable(logger, exception, name);
            return;
        }

        StoreLog.Connected(logger, name, database.Table.DisplayName, database.ProviderName);
    }
}
