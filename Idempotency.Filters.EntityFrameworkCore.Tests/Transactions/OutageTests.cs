using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>A database that is down, paused, full, read-only or slow: an answer in time, and nothing half done.</summary>
[TestFixture(ClaimMode.Lock)]
[TestFixture(ClaimMode.Row)]
internal sealed class OutageTests(ClaimMode mode) : ShopTests
{
    [Test]
    public async Task DatabaseThatIsDownIsUnavailable()
    {
        var server = await ServerAsync();
        var app = await StartAsync(await server.CreateDatabaseAsync(), mode: mode, store: BeQuick);
        Assert.That(await app.AnswerAsync("a"), Does.StartWith("201"));

        await server.StopAsync();
        Assert.That(await app.AnswerAsync("a"), Is.EqualTo("503 store-unavailable"));
        Assert.That(await app.AnswerAsync("b"), Is.EqualTo("503 store-unavailable"));
        await server.StartAsync();

        Assert.That(await app.AnswerAsync("a"), Does.EndWith("replayed"));
        Assert.That(await app.AnswerAsync("b"), Does.StartWith("201"));
        Assert.That(app.Action.Runs, Is.EqualTo(2));
    }

    /// <summary>
    /// The client gives up an operation after the timeout of the store, and its connection after seconds more. By itself it would wait
    /// for a silent server longer than this test does.
    /// </summary>
    [Test]
    public async Task PausedDatabaseHoldsNoRequest([Values("claim", "answer", "failure", "rollback only")] string moment)
    {
        var server = await ServerAsync();
        var database = await server.CreateDatabaseAsync();
        const string Client = ";Maximum Pool Size=3;Command Timeout=600";
        var app = await StartAsync(database + Client, mode: mode, store: BeQuick, policy: Brief);
        Assert.That(await app.AnswerAsync("before"), Does.StartWith("201"));
        app.Action.Do = async (http, db, idempotency) =>
        {
            var paid = await ShopAction.PayAsync(http, db, idempotency);
            await server.PauseAsync();
            if (moment == "failure")
                throw new InvalidOperationException("failed");
            if (moment == "rollback only")
                idempotency.RollbackOnly();
            return paid;
        };
        if (moment == "claim")
            await server.PauseAsync();

        var answer = await app.AnswerAsync("a");
        await server.ResumeAsync();

        Assert.That(answer, Does.StartWith(moment switch { "failure" => "500", "rollback only" => "201", _ => "503 store-unavailable" }));
        app.Action.Do = ShopAction.PayAsync;
        for (var request = 0; request < 5; request++)
            Assert.That(await RetryAsync(app, $"after-{request}"), Does.StartWith("201"));
        Assert.That(await RetryAsync(app, "a"), Does.StartWith("201"));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(1));
        await Waiting.UntilAsync(async () => await TransactionsAsync(database) == 0);
    }

    [Test]
    public async Task FullDatabaseKeepsNothing()
    {
        var database = await Databases.PostgresAsync();
        var app = await StartAsync(database, mode: mode);
        await ExecuteAsync(database, Trigger("RAISE EXCEPTION 'full' USING ERRCODE = '53100'"));

        Assert.That(await app.AnswerAsync("a"), Is.EqualTo("503 store-unavailable"));
        await IsUntouchedAsync(app);
        await ExecuteAsync(database, "DROP TRIGGER trouble ON idempotency_keys");

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("201"));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(1));
    }

    [Test]
    public async Task ReadOnlyDatabaseReplaysAndRunsNothing()
    {
        var database = await Databases.PostgresAsync();
        var app = await StartAsync(database, mode: mode, store: BeQuick);
        Assert.That(await app.AnswerAsync("kept"), Does.StartWith("201"));
        var name = new Npgsql.NpgsqlConnectionStringBuilder(database).Database;
        await ExecuteAsync(database, $"ALTER DATABASE {name} SET default_transaction_read_only = on");
        await DropConnectionsAsync(database);

        Assert.That(await app.AnswerAsync("a"), Is.EqualTo("503 store-unavailable"));
        if (mode is ClaimMode.Lock)
            Assert.That(await app.AnswerAsync("kept"), Does.EndWith("replayed"));
        Assert.That(app.Action.Runs, Is.EqualTo(1));
        await ExecuteAsync(
            database + ";Options=-c default_transaction_read_only=off", $"ALTER DATABASE {name} RESET default_transaction_read_only");
        await DropConnectionsAsync(database);

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("201"));
    }

    [Test]
    public async Task SlowDatabaseIsGivenUp([Values] bool inCommit)
    {
        var database = await Databases.PostgresAsync();
        var app = await StartAsync(database, store: BeQuick);
        await ExecuteAsync(database, Trigger("PERFORM pg_sleep(120)", deferred: inCommit));

        Assert.That(await app.AnswerAsync("a"), Is.EqualTo("503 store-unavailable"));
        await IsUntouchedAsync(app);
        await ExecuteAsync(database, "DROP TRIGGER trouble ON idempotency_keys");

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("201"));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(1));
    }

    [Test]
    public async Task ExhaustedPoolIsUnavailable()
    {
        var database = await Databases.PostgresAsync();
        var app = await StartAsync(database + ";Maximum Pool Size=2", store: BeQuick);
        var reached = new CountdownEvent(2);
        var goOn = new Signal();
        app.Action.Do = async (http, db, idempotency) =>
        {
            reached.Signal();
            await goOn.WaitAsync();
            return await ShopAction.PayAsync(http, db, idempotency);
        };
        Task<string>[] running = [app.AnswerAsync("a"), app.AnswerAsync("b")];
        await Waiting.UntilAsync(() => reached.IsSet);

        Assert.That(await app.AnswerAsync("c"), Is.EqualTo("503 store-unavailable"));
        goOn.Fire();

        Assert.That(await Task.WhenAll(running), Has.All.StartsWith("201"));
    }

    /// <summary>The server ends the transaction of an action that hangs, and so does not even need its process.</summary>
    [Test]
    public async Task HungActionLosesItsTransaction([Values] bool inStatement)
    {
        var database = await Databases.PostgresAsync();
        var app = await StartAsync(database, policy: o => o.MaxExecutionTime = TimeSpan.FromSeconds(1));
        var hangs = new Signal();
        var goOn = new Signal();
        app.Action.Do = async (http, db, idempotency) =>
        {
            // No token: it does not hear that its time is up.
            db.Add(new Payment { Key = idempotency.Key! });
            await db.SaveChangesAsync(CancellationToken.None);
            hangs.Fire();
            if (inStatement)
            {
                db.Database.SetCommandTimeout(TimeSpan.FromMinutes(2));
                await db.Database.ExecuteSqlRawAsync("SELECT pg_sleep(120)", CancellationToken.None);
            }

            await goOn.WaitAsync();
            return (201, "paid too late");
        };
        var hung = app.AnswerAsync("a");
        await hangs.WaitAsync();

        await Waiting.UntilAsync(async () => await TransactionsAsync(database) == 0);
        app.Action.Do = ShopAction.PayAsync;
        var retry = await RetryAsync(app, "a");
        goOn.Fire();

        Assert.That(retry, Does.StartWith("201").And.Not.EndsWith("replayed"));
        // Its time was up anyway, or its connection is gone.
        Assert.That(await hung, Does.StartWith("50"));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(1));
    }

    private static void BeQuick(EntityFrameworkStoreOptions options) => options.OperationTimeout = TimeSpan.FromSeconds(4);

    // What row mode cannot release, the end of the lease does.
    private static void Brief(IdempotencyOptions options) => options.Lease = TimeSpan.FromSeconds(10);

    private static string Trigger(string work, bool deferred = false) => $"""
        CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {work}; RETURN NEW; END $$;
        CREATE {(deferred ? "CONSTRAINT TRIGGER trouble AFTER" : "TRIGGER trouble BEFORE")} INSERT ON idempotency_keys
            {(deferred ? "DEFERRABLE INITIALLY DEFERRED" : "")} FOR EACH ROW EXECUTE FUNCTION trouble()
        """;

    private static Task<object?> DropConnectionsAsync(string database) => ExecuteAsync(
        database,
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");

    private static async Task IsUntouchedAsync(ShopApp app)
    {
        Assert.That(await app.PaymentsAsync("a"), Is.Zero);
        Assert.That(await app.KeysAsync(), Is.Zero);
    }

    private static async Task<string> RetryAsync(ShopApp app, string key)
    {
        var answer = "";
        await Waiting.UntilAsync(async () => (answer = await app.AnswerAsync(key)).StartsWith("201", StringComparison.Ordinal));
        return answer;
    }
}
