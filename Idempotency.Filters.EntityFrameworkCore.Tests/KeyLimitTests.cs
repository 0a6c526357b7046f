using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.EntityFrameworkCore.Tests;

/// <summary>How many keys one caller may have in the table.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class KeyLimitTests
{
    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromMinutes(10) };
    private static readonly ClaimOptions Interrupted = new()
    {
        Lease = TimeSpan.FromMilliseconds(1), RenewFor = TimeSpan.Zero, WhenInterrupted = InterruptedBehavior.Block,
    };

    [TestCase("postgres")]
    [TestCase("sqlite")]
    [TestCase("mariadb")]
    public async Task KeyBeyondTheLimitIsRefusedToItsCallerAlone(string provider)
    {
        await using var stores = EfStores.Over(await UseAsync(provider), options => options.MaxKeysPerCaller = 3);
        await EfStores.CompleteAsync(await stores.AcquireAsync("alice:completed", Held), "record");
        var inFlight = await stores.AcquireAsync("alice:in-flight", Held);
        await stores.AcquireAsync("alice:interrupted", Interrupted);

        Assert.That(
            async () => await stores.AskAsync("alice:new", Held),
            Throws.TypeOf<IdempotencyStoreFullException>().With.Property("IsLimitOfCaller").True
                .And.Message.Contains("EntityFrameworkStoreOptions.MaxKeysPerCaller"));
        // What is there already is answered.
        Assert.That(await stores.AskAsync("alice:completed", Held), Is.EqualTo("record"));
        Assert.That(await stores.AskAsync("alice:in-flight", Held), Is.EqualTo("InFlight"));
        Assert.That(await stores.AskAsync("bob:new", Held), Is.EqualTo("Acquired"));

        await inFlight.DisposeAsync();
        Assert.That(await stores.AskAsync("alice:new", Held), Is.EqualTo("Acquired"));
    }

    [Test]
    public async Task ExpiredRecordDoesNotCount()
    {
        await using var stores = EfStores.Over(await UseAsync("sqlite"), options => options.MaxKeysPerCaller = 1);
        await EfStores.CompleteAsync(await stores.AcquireAsync("alice:old", Held), "record", TimeSpan.FromMilliseconds(1));

        await Waiting.UntilAsync(async () => await TryAsync(stores, "alice:new"));
    }

    [Test]
    public async Task TransactionalRequestBeyondTheLimitIsRefusedBeforeItRuns()
    {
        var connectionString = await Databases.PostgresAsync();
        await using var app = await Answers.StartAsync(
            app => app.MapPost("/orders", (Runs runs) => runs.Next()).RequireIdempotency(),
            services =>
            {
                services.AddDbContext<ShopContext>(EfStores.WithManyProviders(database => database.UseNpgsql(connectionString)));
                using (var shop = new ShopContext(EfStores.OptionsOf<ShopContext>(database => database.UseNpgsql(connectionString))))
                    shop.Database.EnsureCreated();
                services.AddIdempotency(options => options.Transactional = true)
                    .UseEntityFramework<ShopContext>(EfStores.BePatient + (Action<EntityFrameworkStoreOptions>)Limit);
            });

        Assert.That(await app.AnswerAsync("/orders", "a"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/orders", "b"), Is.EqualTo("429 too-many-keys"));
        Assert.That(await app.AnswerAsync("/orders", "a"), Is.EqualTo("200 1 replayed"));
        Assert.That(app.Runs(), Is.EqualTo(1));

        static void Limit(EntityFrameworkStoreOptions options) => options.MaxKeysPerCaller = 1;
    }

    private static async Task<bool> TryAsync(EfStores stores, string key)
    {
        try
        {
            return await stores.AskAsync(key, Held) == "Acquired";
        }
        catch (IdempotencyStoreFullException)
        {
            return false;
        }
    }

    private static async Task<Action<DbContextOptionsBuilder>> UseAsync(string provider)
    {
        var connectionString = provider switch
        {
            "postgres" => await Databases.PostgresAsync(),
            "mariadb" => await Databases.MariaDbAsync(),
            _ => Databases.Sqlite(),
        };
        Action<DbContextOptionsBuilder> use = provider switch
        {
            "postgres" => database => database.UseNpgsql(connectionString),
            "mariadb" => database => database.UseMySQL(connectionString),
            _ => database => database.UseSqlite(connectionString),
        };
        // The table is made at start.
        await using var app = await TestApp.StartAsync([], services => services.AddIdempotency().UseEntityFramework(
            EfStores.WithManyProviders(use), EfStores.BePatient));
        return use;
    }
}
