using Idempotency.Filters.Stores;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.EntityFrameworkCore.Tests;

/// <summary>What the clean-up removes, and what it leaves.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class CleanupTests
{
    private static readonly TimeSpan Instant = TimeSpan.FromMilliseconds(1);

    [TestCase("postgres")]
    [TestCase("sqlite")]
    [TestCase("mariadb")]
    public async Task RemovesWhatIsOverInBatchesAndNothingElse(string provider)
    {
        var use = await UseAsync(provider);
        await using var app = await TestApp.StartAsync([], services => services.AddIdempotency().UseEntityFramework(use, options =>
        {
            EfStores.BePatient(options);
            options.CleanupInterval = TimeSpan.FromMilliseconds(50);
            options.CleanupBatch = 3;
        }));
        var store = app.Services.GetRequiredService<IIdempotencyStore>();
        var held = new ClaimOptions { Lease = TimeSpan.FromHours(1), Retention = Instant };
        await using var live = (await store.ClaimAsync("live:key", held, default)).Claim;
        await store.ClaimAsync(
            "interrupted:key",
            new() { Lease = Instant, RenewFor = TimeSpan.Zero, Retention = Instant, WhenInterrupted = InterruptedBehavior.Block },
            default);
        await CompleteAsync("kept:key", TimeSpan.FromHours(1));
        for (var number = 0; number < 10; number++)
            await CompleteAsync($"expired:{number}", Instant);
        await store.ClaimAsync("dead:key", new() { Lease = Instant, RenewFor = TimeSpan.Zero, Retention = Instant }, default);

        await Waiting.UntilAsync(async () => await CountAsync() <= 3);

        Assert.That(await CountAsync(), Is.EqualTo(3));
        Assert.That((await store.ClaimAsync("live:key", held, default)).Outcome, Is.EqualTo(ClaimOutcome.InFlight));
        Assert.That((await store.ClaimAsync("interrupted:key", held, default)).Outcome, Is.EqualTo(ClaimOutcome.Interrupted));
        Assert.That((await store.ClaimAsync("kept:key", held, default)).Outcome, Is.EqualTo(ClaimOutcome.Completed));

        async Task CompleteAsync(string key, TimeSpan retention)
        {
            var claim = (await store.ClaimAsync(key, held, default)).Claim!;
            await EfStores.CompleteAsync(claim, "the answer", retention);
        }

        async Task<int> CountAsync()
        {
            await using var context = new DbContext(EfStores.OptionsOf<DbContext>(use));
            return await context.Database.SqlQueryRaw<int>(provider == "postgres"
                ? "SELECT CAST(count(*) AS int) AS \"Value\" FROM idempotency_keys"
                : "SELECT count(*) AS Value FROM idempotency_keys").SingleAsync();
        }
    }

    /// <summary>As with large records: a batch that takes too long is rolled back, and would never end.</summary>
    [Test]
    public async Task TakesFewerAtOnceWhereABatchTakesTooLong()
    {
        var connectionString = await Databases.PostgresAsync();
        Action<DbContextOptionsBuilder> use = database => database.UseNpgsql(connectionString);
        await using var app = await TestApp.StartAsync([], services => services.AddIdempotency().UseEntityFramework(
            use,
            options => (options.OperationTimeout, options.CleanupInterval) = (TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1))));
        await using var context = new DbContext(EfStores.OptionsOf<DbContext>(use));
        await context.Database.ExecuteSqlRawAsync("""
            CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.4); RETURN OLD; END';
            CREATE TRIGGER slow BEFORE DELETE ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION slow();
            """);
        var store = app.Services.GetRequiredService<IIdempotencyStore>();
        for (var number = 0; number < 8; number++)
        {
            var claimed = await store.ClaimAsync(
                $"expired:{number}", new() { Lease = TimeSpan.FromHours(1), Retention = Instant }, default);
            await EfStores.CompleteAsync(claimed.Claim!, "the answer", Instant);
        }

        await Waiting.UntilAsync(async () => await context.Database.SqlQueryRaw<int>(
            "SELECT CAST(count(*) AS int) AS \"Value\" FROM idempotency_keys").SingleAsync() == 0);
    }

    private static async Task<Action<DbContextOptionsBuilder>> UseAsync(string provider)
    {
        var connectionString = provider switch
        {
            "postgres" => await Databases.PostgresAsync(),
            "mariadb" => await Databases.MariaDbAsync(),
            _ => Databases.Sqlite(),
        };
        return provider switch
        {
            "postgres" => database => database.UseNpgsql(connectionString),
            "mariadb" => database => database.UseMySQL(connectionString),
            _ => database => database.UseSqlite(connectionString),
        };
    }
}
