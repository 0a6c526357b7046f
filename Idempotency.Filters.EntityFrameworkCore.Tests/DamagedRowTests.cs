using Idempotency.Filters.Stores;
using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.EntityFrameworkCore.Tests;

/// <summary>What another hand wrote into the table closes its own key, and breaks nothing else.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class DamagedRowTests
{
    private static readonly string[] Providers = ["postgres", "sqlite", "mariadb"];

    private static readonly string[] Damages =
    [
        "state = 9", "state = -1", "fencing = 9223372036854775807", "fencing = -9223372036854775808", "fencing = -1", "record = NULL",
    ];

    // Longer than the tests.
    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromMinutes(5) };

    [Test]
    public async Task DamagedRowIsUnreadableToRequestsAndToOperators(
        [ValueSource(nameof(Providers))] string provider, [ValueSource(nameof(Damages))] string damage, [Values] bool frees)
    {
        await using var table = await Table.StartAsync(provider);
        await table.DamageAsync(damage);

        await table.AssertIsClosedAsync();
        var found = await table.Administration.FindAsync(Table.Key, default);
        Assert.That((found!.State, found.Record.IsEmpty), Is.EqualTo((ClaimOutcome.Completed, true)));
        Assert.That(
            (await table.ListAsync()).Select(entry => entry.Content.Record.IsEmpty), Is.EquivalentTo((bool[])[true, false]));
        Assert.That(
            await table.Administration.ResolveAsync(
                Table.Key, found, frees ? null : new("resolved"u8.ToArray()), TimeSpan.FromHours(1), default),
            Is.True);

        Assert.That(await table.Stores.AskAsync(Table.Key, Held), Is.EqualTo(frees ? "Acquired" : "resolved"));
    }

    [Test]
    public async Task DamagedRowIsForgotten(
        [ValueSource(nameof(Providers))] string provider, [ValueSource(nameof(Damages))] string damage)
    {
        await using var table = await Table.StartAsync(provider);
        await table.DamageAsync(damage);

        Assert.That(await table.Administration.ForgetAsync(Table.Scope, default), Is.EqualTo(2));

        Assert.That(await table.Stores.AskAsync(Table.Key, Held), Is.EqualTo("Acquired"));
    }

    /// <summary>A column of SQLite takes values of any type.</summary>
    [TestCase("state = 'x'")]
    [TestCase("fencing = 'x'")]
    [TestCase("fencing = 1.5e300")]
    [TestCase("owner = 'a text of 16 ch'")]
    [TestCase("owner = 7")]
    [TestCase("record = 7")]
    public async Task ValueOfAnotherTypeEndsNeitherAListingNorAForgetting(string damage)
    {
        await using var table = await Table.StartAsync("sqlite");
        await table.DamageAsync(damage);

        await table.AssertIsClosedAsync();
        Assert.That((await table.ListAsync()).Count(entry => !entry.Content.Record.IsEmpty), Is.EqualTo(1));
        Assert.That(await table.Administration.ForgetAsync(Table.Scope, default), Is.EqualTo(2));
    }

    [TestCase("postgres", "expires_at = timestamptz '294276-12-31 23:59:59+00'")]
    [TestCase("postgres", "expires_at = 'infinity'")]
    [TestCase("postgres", "lease_until = '-infinity', blocked_until = timestamptz '294276-12-31 23:59:59+00'")]
    [TestCase("sqlite", "expires_at = 9000000000000000000")]
    [TestCase("sqlite", "lease_until = -9223372036854775808, blocked_until = 9223372036854775806")]
    [TestCase("mariadb", "expires_at = 9223372036854775806, lease_until = -9223372036854775808")]
    public async Task MomentFarAwayIsReadAndListed(string provider, string damage)
    {
        await using var table = await Table.StartAsync(provider);
        await table.DamageAsync(damage);

        Assert.That(await table.Stores.AskAsync(Table.Key, Held), Is.EqualTo("record"));
        Assert.That(await table.ListAsync(), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task FencingNumberThatWasPlantedDoesNotOverflow([ValueSource(nameof(Providers))] string provider)
    {
        const long Largest = 1L << 62;
        await using var table = await Table.StartAsync(provider);
        await table.DamageAsync($"fencing = {Largest}");

        await using var over = await table.Stores.AcquireAsync(Table.Key, Held with { OverCompleted = true });

        Assert.That(over.FencingToken, Is.EqualTo(Largest + 1));
    }

    /// <summary>A table with two records, of which one is damaged.</summary>
    private sealed class Table : IAsyncDisposable
    {
        public const string Scope = "scope:";
        public const string Key = Scope + "damaged";

        private readonly Action<DbContextOptionsBuilder> _use;

        private Table(Action<DbContextOptionsBuilder> use)
        {
            _use = use;
            Stores = EfStores.Over(use);
        }

        public EfStores Stores { get; }

        public IIdempotencyStoreAdministration Administration => Stores.Administration;

        public static async Task<Table> StartAsync(string provider)
        {
            var connection = provider switch
            {
                "postgres" => await Databases.PostgresAsync(),
                "mariadb" => await Databases.MariaDbAsync(),
                _ => Databases.Sqlite(),
            };
            var table = new Table(database => _ = provider switch
            {
                "postgres" => database.UseNpgsql(connection),
                "mariadb" => database.UseMySQL(connection),
                _ => database.UseSqlite(connection),
            });
            await EfStores.CompleteAsync(await table.Stores.AcquireAsync(Scope + "good", Held), "good");
            await EfStores.CompleteAsync(await table.Stores.AcquireAsync(Key, Held), "record");
            return table;
        }

        /// <summary>The key was claimed last.</summary>
        public async Task DamageAsync(string assignments)
        {
            await using var context = new DbContext(EfStores.OptionsOf<DbContext>(_use));
            // In two statements: MySQL reads no table in a statement that changes it.
            var newest = await context.Database.SqlQueryRaw<long>("SELECT MAX(fencing) AS \"Value\" FROM idempotency_keys").SingleAsync();
#pragma warning disable EF1002 // The test writes the text.
            var rows = await context.Database.ExecuteSqlRawAsync($"UPDATE idempotency_keys SET {assignments} WHERE fencing = {newest}");
#pragma warning restore EF1002
            Assert.That(rows, Is.EqualTo(1));
        }

        public async Task AssertIsClosedAsync()
        {
            Assert.That(async () => await Stores.AskAsync(Key, Held), Throws.TypeOf<InvalidDataException>());
            Assert.That(
                async () => await Stores.AskAsync(Key, Held with { OverCompleted = true }), Throws.TypeOf<InvalidDataException>());
        }

        public async Task<List<StoredEntry>> ListAsync() => await Administration.ListAsync(
            new() { Prefix = "", States = [ClaimOutcome.InFlight, ClaimOutcome.Completed, ClaimOutcome.Interrupted] }, default)
            .ToListAsync();

        public ValueTask DisposeAsync() => Stores.DisposeAsync();
    }
}
