using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>What a transactional request costs on the network.</summary>
internal sealed class RoundTripTests : ShopTests
{
    private int _ended;

    [TestCase(ClaimMode.Lock, 3)]
    [TestCase(ClaimMode.Row, 3)]
    public async Task FirstRequestAddsFewRoundTrips(ClaimMode mode, int added)
    {
        var (proxy, app) = await BehindProxyAsync(mode);
        var bare = await CountAsync(proxy, () => app.InAsync(InsertAsync));

        var first = await CountAsync(proxy, () => app.AnswerAsync("first"));

        Assert.That(bare, Is.EqualTo(2));
        Assert.That(first - bare, Is.EqualTo(added), string.Join("\n\n", proxy.Said.TakeLast(first)));
    }

    [Test]
    public async Task ReplayInRowModeTakesOneRoundTrip()
    {
        var (proxy, app) = await BehindProxyAsync(ClaimMode.Row);

        var turns = await CountAsync(proxy, () => app.AnswerAsync("warm"));

        Assert.That(turns, Is.EqualTo(1), string.Join("\n\n", proxy.Said.TakeLast(turns)));
    }

    /// <summary>Not for the end of the transaction.</summary>
    [Test]
    public async Task ReplayWaitsForOneRoundTrip()
    {
        var (proxy, app) = await BehindProxyAsync(ClaimMode.Lock);
        var ended = _ended;

        proxy.HoldRepliesAfter(turns: 1);
        Assert.That(await app.AnswerAsync("warm"), Does.EndWith("replayed"));
        // Its context goes back to the pool when its transaction is over, not before.
        Assert.That(Volatile.Read(ref _ended), Is.EqualTo(ended));
        proxy.Release();

        await Waiting.UntilAsync(() => Volatile.Read(ref _ended) == ended + 1);
    }

    private async Task<(CountingProxy Proxy, ShopApp App)> BehindProxyAsync(ClaimMode mode)
    {
        var database = await Databases.PostgresAsync();
        var proxy = Own(new CountingProxy(new NpgsqlConnectionStringBuilder(database).Port));
        var app = await StartAsync(
            database.Through(proxy), mode: mode, store: o => o.CleanupInterval = null,
            pipeline: web => web.Use(async (http, next) =>
            {
                await next(http);
                Interlocked.Increment(ref _ended);
            }));
        // Connections, models and queries are made the first time.
        await app.InAsync(InsertAsync);
        Assert.That(await app.AnswerAsync("warm"), Does.StartWith("201"));
        Assert.That(await app.AnswerAsync("warm"), Does.EndWith("replayed"));
        // The transaction of a replay may end after its answer has arrived.
        await Waiting.UntilAsync(() => Volatile.Read(ref _ended) == 2);
        return (proxy, app);
    }

    private static async Task<int> CountAsync(CountingProxy proxy, Func<Task> work)
    {
        var before = proxy.Turns;
        await work();
        return proxy.Turns - before;
    }

    private static Task<int> InsertAsync(ShopContext db) => db.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        // A savepoint is no part of it: the transaction has one statement.
        db.Database.AutoSavepointsEnabled = false;
        db.Add(new Payment { Key = "bare" });
        var saved = await db.SaveChangesAsync();
        await transaction.CommitAsync();
        return saved;
    });
}
