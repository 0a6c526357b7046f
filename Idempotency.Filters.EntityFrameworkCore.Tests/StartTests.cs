using Idempotency.Filters.Stores;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using AuditContext = Idempotency.Filters.EntityFrameworkCore.Tests.Transactions.AuditContext;

namespace Idempotency.Filters.EntityFrameworkCore.Tests;

/// <summary>What an application hears at its start.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class StartTests
{
    [Test]
    public async Task TableThatIsThereServesTheStore()
    {
        var connectionString = Databases.Sqlite();
        await using (var shop = new ShopContext(EfStores.OptionsOf<ShopContext>(o => o.UseSqlite(connectionString))))
            await shop.Database.EnsureCreatedAsync();

        await using var app = await StartAsync<ShopContext>(database => database.UseSqlite(connectionString));

        Assert.That(app.Logs.Lines.Single(line => line.Id.Id == 71).Message, Does.Contain("idempotency_keys").And.Contain("Sqlite"));
    }

    [Test]
    public void ContextThatIsNotRegisteredFailsTheStart() => Assert.That(
        async () => await StartAsync(services => services.AddIdempotency().UseEntityFramework<ShopContext>()),
        Throws.InvalidOperationException.With.Message.Contains("AddDbContext<ShopContext>(options => ...);"));

    [Test]
    public void ContextWithoutTheTableFailsTheStart() => Assert.That(
        async () => await StartAsync<BareContext>(database => database.UseSqlite(Databases.Sqlite())),
        Throws.InvalidOperationException.With.Message.Contains("modelBuilder.AddIdempotency();").And.Message.Contains("BareContext"));

    [Test]
    public async Task TableThatIsMissingFailsTheStart([Values] bool sqlite)
    {
        var connectionString = sqlite ? Databases.Sqlite() : await Databases.PostgresAsync();

        Assert.That(
            async () => await StartAsync<ShopContext>(database => _ = sqlite
                ? database.UseSqlite(connectionString)
                : database.UseNpgsql(connectionString)),
            Throws.InvalidOperationException.With.Message.Contains("dotnet ef migrations add Idempotency --context ShopContext"));
    }

    [Test]
    public async Task OlderTableFailsTheStart()
    {
        var connectionString = await Databases.PostgresAsync();
        await using (var shop = new ShopContext(EfStores.OptionsOf<ShopContext>(o => o.UseNpgsql(connectionString))))
        {
            await shop.Database.EnsureCreatedAsync();
            await shop.Database.ExecuteSqlRawAsync("ALTER TABLE idempotency_keys DROP COLUMN blocked_until");
        }

        Assert.That(
            async () => await StartAsync<ShopContext>(database => database.UseNpgsql(connectionString)),
            Throws.InvalidOperationException.With.Message.Contains("older shape").And.Message.Contains("dotnet ef database update"));
    }

    [Test]
    public async Task OpenConnectionFailsTheStart()
    {
        await using var connection = new SqliteConnection("Data Source=:memory:");

        Assert.That(
            async () => await StartAsync<ShopContext>(database => database.UseSqlite(connection)),
            Throws.InvalidOperationException.With.Message.Contains("configured with a DbConnection"));
    }

    [Test]
    public void DatabaseThatDoesNotAnswerFailsTheStart() => Assert.That(
        async () => await StartAsync<ShopContext>(database => database.UseNpgsql("Host=127.0.0.1;Port=1;Username=nobody")),
        Throws.InvalidOperationException.With.Message.Contains("RequireDatabaseAtStart"));

    [Test]
    public async Task DatabaseThatNeedNotAnswerIsAnError()
    {
        await using var app = await StartAsync<ShopContext>(
            database => database.UseNpgsql("Host=127.0.0.1;Port=1;Username=nobody"),
            options => options.RequireDatabaseAtStart = false);

        Assert.That(app.Logs.Lines.Count(line => line.Id.Id == 72), Is.EqualTo(1));
    }

    [Test]
    public async Task OwnTableIsCreatedBesideOthers()
    {
        var connectionString = await Databases.PostgresAsync();
        await using (var bare = new BareContext(EfStores.OptionsOf<BareContext>(o => o.UseNpgsql(connectionString))))
            await bare.Database.EnsureCreatedAsync();

        for (var start = 0; start < 2; start++)
        {
            await using var app = await StartAsync(services => services.AddIdempotency().UseEntityFramework(
                EfStores.WithManyProviders(database => database.UseNpgsql(connectionString)),
                options => options.Table = "own keys"));

            Assert.That(app.Logs.Lines.Single(line => line.Id.Id == 71).Message, Does.Contain("own keys"));
        }
    }

    [TestCase("OperationTimeout")]
    [TestCase("CleanupInterval")]
    [TestCase("CleanupBatch")]
    [TestCase("MaxKeysPerCaller")]
    [TestCase("Claim")]
    public void SettingThatCannotWorkFailsTheStart(string setting) => Assert.That(
        async () => await StartAsync(services => services.AddIdempotency().UseEntityFramework(
            database => database.UseSqlite(Databases.Sqlite()),
            options =>
            {
                options.OperationTimeout = setting == "OperationTimeout" ? TimeSpan.Zero : options.OperationTimeout;
                options.CleanupInterval = setting == "CleanupInterval" ? TimeSpan.Zero : options.CleanupInterval;
                options.CleanupBatch = setting == "CleanupBatch" ? 0 : options.CleanupBatch;
                options.MaxKeysPerCaller = setting == "MaxKeysPerCaller" ? 0 : options.MaxKeysPerCaller;
                options.Claim = setting == "Claim" ? (ClaimMode)9 : options.Claim;
            })),
        Throws.InstanceOf<OptionsValidationException>().With.Message.Contains($"EntityFrameworkStoreOptions.{setting} must be"));

    [Test]
    public void IntervalThatNoTimerTakesFailsTheStart() => Assert.That(
        async () => await StartAsync<ShopContext>(
            database => database.UseSqlite(Databases.Sqlite()), options => options.CleanupInterval = TimeSpan.FromDays(50)),
        Throws.InstanceOf<OptionsValidationException>().With.Message.Contains("EntityFrameworkStoreOptions.CleanupInterval must be"));

    [Test]
    public void GuestThatIsNotRegisteredFailsTheStart() => Assert.That(
        async () => await StartAsync<ShopContext>(
            database => database.UseSqlite(Databases.Sqlite()), options => options.With<AuditContext>()),
        Throws.InvalidOperationException.With.Message.Contains("AddDbContext<AuditContext>"));

    private static Task<TestApp> StartAsync<TContext>(
        Action<DbContextOptionsBuilder> database, Action<EntityFrameworkStoreOptions>? configure = null)
        where TContext : DbContext => StartAsync(services =>
        {
            services.AddDbContext<TContext>(EfStores.AllowManyProviders + database);
            services.AddIdempotency().UseEntityFramework<TContext>(configure);
        });

    private static Task<TestApp> StartAsync(Action<IServiceCollection> services) => TestApp.StartAsync([], services);
}
