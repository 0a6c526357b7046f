using EFCore.NamingConventions;
using Idempotency.Filters.Stores;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Idempotency.Filters.EntityFrameworkCore.Tests;

/// <summary>Which database and which table serve a claim.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class DatabaseTests
{
    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromMinutes(1) };

    [Test]
    public async Task EachTenantHasItsKeysInItsDatabase()
    {
        string[] tenants = [await CreateAsync(), await CreateAsync()];
        await using var stores = Over<ShopContext>(database => database.UseNpgsql(tenants[0]));
        var key = EfStores.NewKey();

        await using var first = stores.Services.CreateAsyncScope();
        await using var second = stores.Services.CreateAsyncScope();
        second.ServiceProvider.GetRequiredService<ShopContext>().Database.SetConnectionString(tenants[1]);
        await EfStores.CompleteAsync(await AcquireAsync(first), "of the first");
        await EfStores.CompleteAsync(await AcquireAsync(second), "of the second");

        Assert.That(await stores.AskAsync(key, Held with { RequestServices = first.ServiceProvider }), Is.EqualTo("of the first"));
        Assert.That(await stores.AskAsync(key, Held with { RequestServices = second.ServiceProvider }), Is.EqualTo("of the second"));
        Assert.That(await stores.Administration.ForgetAsync(key[..(key.LastIndexOf(':') + 1)], default), Is.EqualTo(2));

        Task<IdempotencyClaim> AcquireAsync(AsyncServiceScope request) =>
            stores.AcquireAsync(key, Held with { RequestServices = request.ServiceProvider });

        static async Task<string> CreateAsync()
        {
            var connectionString = await Databases.PostgresAsync();
            await using var shop = new ShopContext(EfStores.OptionsOf<ShopContext>(o => o.UseNpgsql(connectionString)));
            await shop.Database.EnsureCreatedAsync();
            return connectionString;
        }
    }

    [Test]
    public async Task NamingConventionOfTheApplicationIsNoMatter()
    {
        var connectionString = await Databases.PostgresAsync();
        await RunsAndReplaysAsync<ShopContext>(database => database.UseNpgsql(connectionString).UseUpperCaseNamingConvention());

        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var rows = new NpgsqlCommand("SELECT count(expires_at) FROM idempotency_keys", connection);
        Assert.That(await rows.ExecuteScalarAsync(), Is.EqualTo(1));
    }

    [Test]
    public async Task TableHasTheNamesOfTheModel()
    {
        var connectionString = await Databases.PostgresAsync();
        await RunsAndReplaysAsync<RenamedContext>(database => database.UseNpgsql(connectionString));
    }

    [Test]
    public async Task DataSourceOfTheApplicationServes()
    {
        var connectionString = await Databases.PostgresAsync();
        await using var dataSource = NpgsqlDataSource.Create(connectionString);
        await RunsAndReplaysAsync<ShopContext>(database => database.UseNpgsql(dataSource));
    }

    [Test]
    public async Task RetryingContextServes()
    {
        var connectionString = await Databases.PostgresAsync();
        await RunsAndReplaysAsync<ShopContext>(
            database => database.UseNpgsql(connectionString, npgsql => npgsql.EnableRetryOnFailure()));
    }

    private static async Task RunsAndReplaysAsync<TContext>(Action<DbContextOptionsBuilder> database)
        where TContext : DbContext
    {
        await using var stores = Over<TContext>(database);
        await using (var scope = stores.Services.CreateAsyncScope())
            await scope.ServiceProvider.GetRequiredService<TContext>().Database.EnsureCreatedAsync();
        var key = EfStores.NewKey();

        await EfStores.CompleteAsync(await stores.AcquireAsync(key, Held), "the answer");

        Assert.That(await stores.AskAsync(key, Held), Is.EqualTo("the answer"));
    }

    private static EfStores Over<TContext>(Action<DbContextOptionsBuilder> database)
        where TContext : DbContext => EfStores.Of(idempotency =>
        {
            idempotency.Services.AddDbContext<TContext>(EfStores.AllowManyProviders + database);
            idempotency.UseEntityFramework<TContext>(EfStores.BePatient);
        });
}
