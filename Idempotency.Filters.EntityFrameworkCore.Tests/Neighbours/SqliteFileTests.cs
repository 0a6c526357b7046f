using Idempotency.Filters.Stores;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Neighbours;

/// <summary>A SQLite file of ours, which several processes of one machine may share.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class SqliteFileTests
{
    private static readonly ClaimOptions Terms = new() { Lease = TimeSpan.FromSeconds(30), Retention = TimeSpan.FromMinutes(10) };

    [Test]
    public async Task FileIsMadeAndSharedByTwoApplications()
    {
        var database = Databases.Sqlite();
        await using var one = EfStores.Over(o => o.UseSqlite(database));
        await using var two = EfStores.Over(o => o.UseSqlite(database));
        var key = EfStores.NewKey();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(number => (number % 2 == 0 ? one : two).AskAsync(key, Terms)));

        Assert.That(outcomes.Count(outcome => outcome == nameof(ClaimOutcome.Acquired)), Is.EqualTo(1));
        Assert.That(outcomes.Count(outcome => outcome == nameof(ClaimOutcome.InFlight)), Is.EqualTo(19));
    }

    [Test]
    public async Task FirstUseOfAFileLogsNoError()
    {
        var database = Databases.Sqlite();
        await using var stores = EfStores.Over(o => o.UseSqlite(database));

        await stores.AskAsync(EfStores.NewKey(), Terms);

        Assert.That(stores.Logs.Lines.Where(line => line.Level >= LogLevel.Warning), Is.Empty);
        Assert.That(stores.Logs.Lines, Is.Not.Empty);
    }

    [Test]
    public async Task RecordOutlivesTheApplication()
    {
        var database = Databases.Sqlite();
        var key = EfStores.NewKey();
        await using (var before = EfStores.Over(o => o.UseSqlite(database)))
            await EfStores.CompleteAsync(await before.AcquireAsync(key, Terms), "the answer");

        await using var after = EfStores.Over(o => o.UseSqlite(database));

        Assert.That(await after.AskAsync(key, Terms), Is.EqualTo("the answer"));
    }

    [Test]
    public async Task TableIsAddedBesideTheTablesOfAnother()
    {
        var database = Databases.Sqlite();
        await using (var other = new SqliteConnection(database))
        {
            await other.OpenAsync();
            await using var command = other.CreateCommand();
            command.CommandText = "CREATE TABLE payments (id INTEGER PRIMARY KEY)";
            await command.ExecuteNonQueryAsync();
        }

        await using var stores = EfStores.Over(o => o.UseSqlite(database));

        Assert.That(await stores.AskAsync(EfStores.NewKey(), Terms), Is.EqualTo(nameof(ClaimOutcome.Acquired)));
    }
}
