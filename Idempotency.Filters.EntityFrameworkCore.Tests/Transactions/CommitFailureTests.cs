using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>What the database says against a commit, and against a transaction that meets another.</summary>
[TestFixture(ClaimMode.Lock)]
[TestFixture(ClaimMode.Row)]
internal sealed class CommitFailureTests(ClaimMode mode) : ShopTests
{
    private const string DeferredCheck = """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW."Amount" < 0 THEN RAISE EXCEPTION 'negative' USING ERRCODE = 'check_violation'; END IF;
            RETURN NULL;
        END $$;
        CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON "Payments" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()
        """;

    private const string DeferredUnique =
        """ALTER TABLE "Payments" ADD CONSTRAINT one UNIQUE ("Amount") DEFERRABLE INITIALLY DEFERRED""";

    [Test]
    public async Task ConstraintThatFailsAtTheCommitRollsBack()
    {
        var database = await Databases.PostgresAsync();
        var app = await StartAsync(database, mode: mode);
        await ExecuteAsync(database, DeferredCheck);
        app.Action.Do = (http, db, idempotency) => PayAsync(db, idempotency, -1);

        Assert.That(await app.AnswerAsync("a"), Is.EqualTo("500 rolled-back"));
        Assert.That(await app.PaymentsAsync("a"), Is.Zero);
        Assert.That(await app.KeysAsync(), Is.Zero);

        app.Action.Do = ShopAction.PayAsync;
        Assert.That(await app.AnswerAsync("a"), Does.StartWith("201"));
    }

    /// <summary>A duplicate in a table of the application says nothing about the key.</summary>
    [Test]
    public async Task DuplicateThatFailsAtTheCommitIsNoConflict()
    {
        var database = await Databases.PostgresAsync();
        var app = await StartAsync(database, mode: mode);
        await ExecuteAsync(database, DeferredUnique);

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("201"));
        Assert.That(await app.AnswerAsync("b"), Is.EqualTo("500 rolled-back"));
        Assert.That(await app.KeysAsync(), Is.EqualTo(1));
    }

    [Test]
    public async Task DeadlockRollsOneBackAndItsRetryRuns()
    {
        var database = await Databases.PostgresAsync();
        var app = await StartAsync(database, mode: mode);
        await ExecuteAsync(database, "CREATE TABLE accounts (id int PRIMARY KEY, balance int); INSERT INTO accounts VALUES (1, 0), (2, 0)");
        using var bothHaveOne = new CountdownEvent(2);
        app.Action.Do = async (http, db, idempotency) =>
        {
            var (first, second) = idempotency.Key == "a" ? (1, 2) : (2, 1);
            await AddAsync(db, first);
            if (!bothHaveOne.IsSet)
                bothHaveOne.Signal();
            await Waiting.UntilAsync(() => bothHaveOne.IsSet);
            await AddAsync(db, second);
            return (StatusCodes.Status201Created, idempotency.Key!);
        };

        var answers = await Task.WhenAll(app.AnswerAsync("a"), app.AnswerAsync("b"));
        string[] retries = [await app.AnswerAsync("a"), await app.AnswerAsync("b")];

        Assert.That(answers, Has.One.EqualTo("503 transaction-conflict").And.One.StartsWith("201"));
        Assert.That(retries, Has.All.StartsWith("201").And.One.EndsWith("replayed"));
        Assert.That(await ExecuteAsync(database, "SELECT sum(balance) FROM accounts"), Is.EqualTo(4L));
    }

    [Test]
    public async Task SerializationFailureAtTheCommitIsAConflict()
    {
        var database = await Databases.PostgresAsync();
        var app = await StartAsync(database, mode: mode, store: o => o.IsolationLevel = System.Data.IsolationLevel.Serializable);
        using var bothHaveRead = new CountdownEvent(2);
        app.Action.Do = async (http, db, idempotency) =>
        {
            var count = await db.Payments.CountAsync();
            if (!bothHaveRead.IsSet)
                bothHaveRead.Signal();
            await Waiting.UntilAsync(() => bothHaveRead.IsSet);
            return await PayAsync(db, idempotency, count);
        };

        var answers = await Task.WhenAll(app.AnswerAsync("a"), app.AnswerAsync("b"));
        string[] retries = [await app.AnswerAsync("a"), await app.AnswerAsync("b")];

        Assert.That(answers, Has.One.EqualTo("503 transaction-conflict").And.One.StartsWith("201"));
        Assert.That(retries, Has.All.StartsWith("201").And.One.EndsWith("replayed"));
        Assert.That(await app.InAsync(db => db.Payments.Select(payment => payment.Amount).OrderBy(amount => amount).ToListAsync()),
            Is.EqualTo(new[] { 0m, 1m }));
    }

    [Test]
    public async Task ResponseThatCannotBeHeldRollsBack()
    {
        var app = await StartAsync(await Databases.PostgresAsync(), mode: mode, policy: o => o.MaxResponseBodySize = 100);
        app.Action.Do = async (http, db, idempotency) =>
        {
            await ShopAction.PayAsync(http, db, idempotency);
            return (StatusCodes.Status201Created, new string('x', 10_000));
        };

        Assert.That(await app.AnswerAsync("a"), Is.EqualTo("500 rolled-back"));
        Assert.That(await app.PaymentsAsync("a"), Is.Zero);
        Assert.That(await app.KeysAsync(), Is.Zero);
    }

    [Test]
    public async Task UnsavedChangesAreWarnedOf()
    {
        var app = await StartAsync(await Databases.PostgresAsync(), mode: mode);
        app.Action.Do = (http, db, idempotency) =>
        {
            db.Add(new Payment { Key = idempotency.Key! });
            return Task.FromResult((StatusCodes.Status201Created, "forgotten"));
        };

        Assert.That(await app.AnswerAsync("a"), Is.EqualTo("201 forgotten"));
        Assert.That(app.App.Logs.Lines, Has.One.Matches<LogLine>(line => line.Id.Id == 75));

        app.Action.Do = ShopAction.PayAsync;
        Assert.That(await app.AnswerAsync("b"), Does.StartWith("201"));
        Assert.That(app.App.Logs.Lines, Has.One.Matches<LogLine>(line => line.Id.Id == 75));
    }

    private static Task<int> AddAsync(ShopContext db, int account) =>
        db.Database.ExecuteSqlAsync($"UPDATE accounts SET balance = balance + 1 WHERE id = {account}");

    private static async Task<(int Status, string Text)> PayAsync(ShopContext db, IIdempotencyContext idempotency, decimal amount)
    {
        db.Add(new Payment { Key = idempotency.Key!, Amount = amount });
        await db.SaveChangesAsync();
        return (StatusCodes.Status201Created, "paid");
    }
}
