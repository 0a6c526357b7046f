using System.Net;
using Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;
using Idempotency.Filters.Stores;
using Microsoft.EntityFrameworkCore;
using ShopContext = Idempotency.Filters.EntityFrameworkCore.Tests.Transactions.ShopContext;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Neighbours;

/// <summary>
/// PgBouncer in transaction mode: each transaction, and each statement outside one, may run on another server connection, so nothing may
/// stay on one. It has two of them, that all tests share.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class PoolerTests
{
    private readonly PostgresServer _server = new() { MaxConnections = 200 };
    private PgBouncer _bouncer = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        await _server.StartAsync();
        _bouncer = new(_server) { PoolSize = 2 };
        await _bouncer.StartAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _bouncer.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Test]
    public async Task RowAndRecordAreCommittedTogetherAndReplayed([Values] ClaimMode mode, [Values] bool retries)
    {
        await using var app = await StartAppAsync(mode, retries);

        using var first = await app.PayAsync("a");
        using var replay = await app.PayAsync("a");

        Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.Created), await first.Content.ReadAsStringAsync());
        Assert.That(await replay.Content.ReadAsStringAsync(), Is.EqualTo(await first.Content.ReadAsStringAsync()));
        Assert.That(replay.Headers.Contains("Idempotent-Replayed"), Is.True);
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(1));
    }

    [Test]
    public async Task SecondRequestMeetsTheFirst([Values(ClaimMode.Lock, ClaimMode.Row)] ClaimMode mode)
    {
        await using var app = await StartAppAsync(mode);
        var (reached, goOn) = Pause(app);
        var first = app.PayAsync("a");
        await reached.WaitAsync();

        using var second = await app.PayAsync("a");
        using var other = await app.PayAsync("b", "20");
        goOn.Fire();
        using var answer = await first;

        Assert.That(second.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That(other.StatusCode, Is.EqualTo(HttpStatusCode.Created));
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Created));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(1));
    }

    [Test]
    public async Task WaiterGetsTheAnswerOfTheFirst([Values(ClaimMode.Lock, ClaimMode.Row)] ClaimMode mode)
    {
        await using var app = await StartAppAsync(mode, policy: o =>
        {
            o.WhenInFlight = InFlightBehavior.Wait;
            o.WaitTimeout = TimeSpan.FromMinutes(2);
        });
        var (reached, goOn) = Pause(app);
        var first = app.PayAsync("a");
        await reached.WaitAsync();
        var second = app.PayAsync("a");

        goOn.Fire();
        using var answer = await first;
        using var waited = await second.Soon();

        Assert.That(waited.Headers.Contains("Idempotent-Replayed"), Is.True);
        Assert.That(await waited.Content.ReadAsStringAsync(), Is.EqualTo(await answer.Content.ReadAsStringAsync()));
        Assert.That(app.Action.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task RolledBackLockIsFreeOnEveryConnection()
    {
        await using var app = await StartAppAsync(ClaimMode.Lock);
        app.Action.Do = (_, _, _) => throw new InvalidOperationException();
        for (var attempt = 0; attempt < 6; attempt++)
        {
            using var failed = await app.PayAsync("a");
            Assert.That(failed.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        }

        app.Action.Do = ShopAction.PayAsync;
        using var paid = await app.PayAsync("a");

        Assert.That(paid.StatusCode, Is.EqualTo(HttpStatusCode.Created));
    }

    [Test]
    public async Task TimeLimitsOfATransactionEndWithIt()
    {
        await using var app = await StartAppAsync(ClaimMode.Lock, policy: o => o.MaxExecutionTime = TimeSpan.FromSeconds(77));
        string? inside = null;
        app.Action.Do = async (http, db, idempotency) =>
        {
            inside = await SettingAsync(db, "statement_timeout");
            return await ShopAction.PayAsync(http, db, idempotency);
        };

        using var paid = await app.PayAsync("a");

        Assert.That(paid.StatusCode, Is.EqualTo(HttpStatusCode.Created));
        Assert.That(inside, Is.EqualTo("87s"));
        for (var look = 0; look < 6; look++)
        {
            Assert.That(await app.InAsync(db => SettingAsync(db, "statement_timeout")), Is.EqualTo("0"));
            Assert.That(await app.InAsync(db => SettingAsync(db, "idle_in_transaction_session_timeout")), Is.EqualTo("0"));
        }
    }

    [Test]
    public async Task ClaimIsRenewedCompletedAndWaitedFor()
    {
        var database = await _server.CreateDatabaseAsync();
        await using var stores = EfStores.Over(o => o.UseNpgsql(_bouncer.Through(database)));
        var key = EfStores.NewKey();
        var claim = await stores.AcquireAsync(key, Terms);
        var waiter = stores.WaitAsync(key, Terms);
        var lease = await LeaseAsync();
        await Waiting.UntilAsync(async () => await LeaseAsync() > lease);
        Assert.That(claim.Lost.IsCancellationRequested, Is.False);
        Assert.That(await stores.AskAsync(key, Terms), Is.EqualTo("InFlight"));

        Assert.That(await EfStores.CompleteAsync(claim, "the answer"), Is.EqualTo(CompletionOutcome.Stored));

        using var waited = await waiter.Soon();
        Assert.That(waited.Outcome, Is.EqualTo(ClaimOutcome.Completed));

        async Task<DateTime> LeaseAsync() => (DateTime)(await _server.ExecuteAsync("SELECT lease_until FROM idempotency_keys", database))!;
    }

    private static ClaimOptions Terms => new() { Lease = TimeSpan.FromSeconds(30), Retention = TimeSpan.FromMinutes(10) };

    private async Task<ShopApp> StartAppAsync(ClaimMode mode, bool retries = false, Action<IdempotencyOptions>? policy = null)
    {
        var database = _bouncer.Through(await _server.CreateDatabaseAsync());
        return await ShopApp.StartAsync(
            ShopHost.MinimalApi,
            o => o.UseNpgsql(database, npgsql =>
            {
                if (retries)
                    npgsql.EnableRetryOnFailure();
            }),
            store => store.Claim = mode,
            policy);
    }

    private static (Signal Reached, Signal GoOn) Pause(ShopApp app)
    {
        var (reached, goOn) = (new Signal(), new Signal());
        app.Action.Do = async (http, db, idempotency) =>
        {
            // Other keys go on.
            if (idempotency.Key == "a")
            {
                reached.Fire();
                await goOn.WaitAsync();
            }

            return await ShopAction.PayAsync(http, db, idempotency);
        };
        return (reached, goOn);
    }

    private static Task<string> SettingAsync(ShopContext db, string name) =>
        db.Database.SqlQueryRaw<string>("SELECT current_setting({0}) AS \"Value\"", name).SingleAsync();
}
