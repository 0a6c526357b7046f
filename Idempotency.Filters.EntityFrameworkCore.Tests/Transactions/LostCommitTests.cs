using Microsoft.AspNetCore.Http;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>The connection breaks, or the server dies, between the claim and the answer. Row and record are never apart.</summary>
[TestFixture(ClaimMode.Lock)]
[TestFixture(ClaimMode.Row)]
internal sealed class LostCommitTests(ClaimMode mode) : ShopTests
{
    // The first statement of a commit, so that the test can act between it and the reply.
    private const string SlowCommit = """
        CREATE FUNCTION wait_a_bit() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_lock_shared(42), pg_advisory_unlock_shared(42);
            RETURN NULL;
        END $$;
        CREATE CONSTRAINT TRIGGER wait_a_bit AFTER INSERT ON "Payments" DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION wait_a_bit()
        """;

    private const string Committing =
        "WHERE datname = current_database() AND query LIKE 'COMMIT%' AND wait_event = 'advisory' AND state = 'active'";

    [Test]
    public async Task LostReplyOfACommitIsFoundOut()
    {
        var (database, proxy, app) = await BehindProxyAsync();
        await ExecuteAsync(database, SlowCommit);
        await using var gate = await GateAsync(database);
        var first = app.AnswerAsync("a");
        await UntilCommittingAsync(database);

        proxy.LoseReplies();
        await gate.DisposeAsync();
        await Waiting.UntilAsync(async () => (long)(await ExecuteAsync(database, """SELECT count(*) FROM "Payments" """))! == 1);
        proxy.Cut();

        var answer = await first;
        Assert.That(answer, Does.StartWith("201"));
        Assert.That(await app.AnswerAsync("a"), Is.EqualTo(answer + " replayed"));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(1));
        Assert.That(app.Action.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task CommitThatDidNotHappenIsRunAgain()
    {
        var (database, proxy, app) = await BehindProxyAsync();
        await ExecuteAsync(database, SlowCommit);
        await using var gate = await GateAsync(database);
        var first = app.AnswerAsync("a");
        await UntilCommittingAsync(database);

        await ExecuteAsync(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity " + Committing);
        Assert.That(await first, Is.EqualTo("503 store-unavailable"));
        Assert.That(await app.PaymentsAsync("a"), Is.Zero);
        await gate.DisposeAsync();

        Assert.That(await RetryAsync(app), Does.StartWith("201").And.Not.EndsWith("replayed"));
        await IsPaidOnceAsync(app);
    }

    /// <summary>The outcome is open when the request is answered. The retry finds what became of it.</summary>
    [Test]
    public async Task CommitThatHappensLaterIsReplayed()
    {
        var (database, proxy, app) = await BehindProxyAsync();
        await ExecuteAsync(database, SlowCommit);
        await using var gate = await GateAsync(database);
        var first = app.AnswerAsync("a");
        await UntilCommittingAsync(database);

        proxy.Cut();
        Assert.That(await first, Is.EqualTo("503 store-unavailable"));
        // The lock is tried, a row that is being written is waited for.
        Assert.That(await app.AnswerAsync("a"), Is.EqualTo(mode is ClaimMode.Lock ? "409 in-flight" : "503 store-unavailable"));
        await gate.DisposeAsync();

        Assert.That(await RetryAsync(app), Does.StartWith("201").And.EndsWith("replayed"));
        Assert.That(app.Action.Runs, Is.EqualTo(1));
        await IsPaidOnceAsync(app);
    }

    [Test]
    public async Task ConnectionThatBreaksInTheActionRollsBack([Values] bool afterSaving, [Values] bool isSwallowed)
    {
        var (_, proxy, app) = await BehindProxyAsync();
        app.Action.Do = async (http, db, idempotency) =>
        {
            if (!afterSaving)
                proxy.Cut();
            try
            {
                var paid = await ShopAction.PayAsync(http, db, idempotency);
                proxy.Cut();
                return paid;
            }
            catch when (isSwallowed)
            {
                return (StatusCodes.Status201Created, "paid, says the action");
            }
        };

        Assert.That(await app.AnswerAsync("a"), Does.StartWith(afterSaving || isSwallowed ? "503 store-unavailable" : "500"));
        app.Action.Do = ShopAction.PayAsync;

        Assert.That(await RetryAsync(app), Does.StartWith("201"));
        await IsPaidOnceAsync(app);
    }

    [Test]
    public async Task ServerThatIsKilledForgetsTheRun([Values] bool inCommit)
    {
        var server = await ServerAsync();
        var database = await server.CreateDatabaseAsync();
        var app = await StartAsync(database, mode: mode, policy: Brief);
        await ExecuteAsync(database, SlowCommit);
        await using var gate = await GateAsync(database);
        var reached = new Signal();
        var goOn = new Signal();
        app.Action.Do = async (http, db, idempotency) =>
        {
            var paid = await ShopAction.PayAsync(http, db, idempotency);
            reached.Fire();
            await goOn.WaitAsync();
            return paid;
        };
        var first = app.AnswerAsync("a");
        await reached.WaitAsync();
        if (inCommit)
        {
            goOn.Fire();
            await UntilCommittingAsync(database);
        }

        await server.KillAsync();
        await server.StartAsync();
        goOn.Fire();

        Assert.That(await first, Is.EqualTo("503 store-unavailable"));
        Assert.That(await RetryAsync(app), Does.StartWith("201").And.Not.EndsWith("replayed"));
        await IsPaidOnceAsync(app);
    }

    private async Task<(string Database, CuttableProxy Proxy, ShopApp App)> BehindProxyAsync()
    {
        var database = await Databases.PostgresAsync();
        var proxy = Own(new CuttableProxy(new Npgsql.NpgsqlConnectionStringBuilder(database).Port));
        return (database, proxy, await StartAsync(database.Through(proxy), mode: mode, policy: Brief));
    }

    // What row mode cannot release, the end of the lease does.
    private static void Brief(IdempotencyOptions options) => options.Lease = TimeSpan.FromSeconds(25);

    /// <summary>While it is open, every commit of a payment waits.</summary>
    private static async Task<IAsyncDisposable> GateAsync(string database)
    {
        var connection = new Npgsql.NpgsqlConnection(database + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new Npgsql.NpgsqlCommand("SELECT pg_advisory_lock(42)", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    private static Task UntilCommittingAsync(string database) => Waiting.UntilAsync(async () => (long)(await ExecuteAsync(
        database, "SELECT count(*) FROM pg_stat_activity " + Committing))! > 0);

    private static async Task<string> RetryAsync(ShopApp app)
    {
        var answer = "";
        await Waiting.UntilAsync(async () => (answer = await app.AnswerAsync("a")).StartsWith("201", StringComparison.Ordinal));
        return answer;
    }

    private static async Task IsPaidOnceAsync(ShopApp app)
    {
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(1));
        Assert.That(await app.KeysAsync(), Is.EqualTo(1));
    }
}
