using System.Net;
using Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Neighbours;

/// <summary>Transactional requests on SQLite, which has one writer: while an action runs, nobody else writes.</summary>
[TestFixture("WAL")]
[TestFixture("DELETE")]
[Parallelizable(ParallelScope.All)]
internal sealed class SqliteTransactionTests(string journal)
{
    [Test]
    public async Task RowAndRecordAreCommittedTogetherAndReplayed()
    {
        await using var app = await StartAsync();

        using var first = await app.PayAsync("a");
        using var replay = await app.PayAsync("a");

        Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.Created), await first.Content.ReadAsStringAsync());
        Assert.That(replay.Headers.Contains("Idempotent-Replayed"), Is.True);
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(1));
    }

    [Test]
    public async Task ExceptionRollsBackAndFreesTheKey()
    {
        await using var app = await StartAsync();

        await app.ExceptionRollsBackAndFreesTheKeyAsync();
    }

    [Test]
    public async Task DuplicatesRunOnce()
    {
        await using var app = await StartAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => app.PayAsync("a")));

        Assert.That(
            answers.Select(answer => answer.StatusCode),
            Is.All.EqualTo(HttpStatusCode.Created).Or.EqualTo(HttpStatusCode.Conflict));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(1));
        Assert.That(app.Action.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task KeyInFlightIsRefusedWhileItsTransactionIsOpen()
    {
        await using var app = await StartAsync(patience: TimeSpan.FromMinutes(1), policy: o => o.Lease = TimeSpan.FromMinutes(5));
        var (first, goOn) = await HoldAsync(app);

        // At once: had it waited for the writer, it would wait for the test.
        using var second = await app.PayAsync("a").Soon();
        goOn.Fire();
        using var answer = await first;

        Assert.That(second.StatusCode, Is.EqualTo(HttpStatusCode.Conflict), await second.Content.ReadAsStringAsync());
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Created));
    }

    [Test]
    public async Task OtherKeyWaitsForTheWriter()
    {
        await using var app = await StartAsync();
        var (first, goOn) = await HoldAsync(app);
        var other = app.PayAsync("b");

        goOn.Fire();
        using var answer = await first;
        using var otherAnswer = await other.Soon();

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Created));
        Assert.That(otherAnswer.StatusCode, Is.EqualTo(HttpStatusCode.Created));
    }

    [Test]
    public async Task OtherKeyThatWaitedTooLongIsNotInFlightButUnavailable()
    {
        await using var app = await StartAsync(patience: TimeSpan.FromMilliseconds(500));
        var (first, goOn) = await HoldAsync(app);

        var other = await AnswerAsync(app, "b");
        goOn.Fire();
        using var answer = await first;

        Assert.That(other, Is.EqualTo("503 store-unavailable"));
        Assert.That(app.Action.Runs, Is.EqualTo(1));
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Created));
        // The claim that was given up may have come late, and is released then.
        await Waiting.UntilAsync(
            async () => (await AnswerAsync(app, "b")).StartsWith("201 ", StringComparison.Ordinal));
    }

    [Test]
    public async Task LeaseThatEndsWhileTheTransactionIsOpenIsNobodyElses()
    {
        await using var app = await StartAsync(
            patience: TimeSpan.FromMilliseconds(900), policy: o => (o.Lease, o.MaxExecutionTime) = (TimeSpan.FromSeconds(2), null));
        var lost = CancellationToken.None;
        var (first, goOn) = await HoldAsync(app, idempotency => lost = idempotency.LeaseLost);
        await Waiting.UntilAsync(async () => await AnswerAsync(app, "a") is "503 store-unavailable");

        Assert.That(lost.CanBeCanceled, Is.True);
        Assert.That(lost.IsCancellationRequested, Is.False);
        goOn.Fire();
        using var answer = await first;

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Created), await answer.Content.ReadAsStringAsync());
        Assert.That(app.Action.Runs, Is.EqualTo(1));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(1));
        Assert.That(await AnswerAsync(app, "a"), Does.EndWith(" replayed"));
        Assert.That(app.App.Logs.Lines.Where(line => line.Message.Contains("LeaseLost", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public async Task WriterOutsideKeepsTheTransactionWaitingNoLongerThanTheTimeout()
    {
        var database = Databases.Sqlite();
        await using var app = await StartAsync(TimeSpan.FromMilliseconds(500), database: database);
        await using var outside = new SqliteConnection(database);
        await outside.OpenAsync();
        await using (var transaction = outside.BeginTransaction())
        {
            Assert.That(
                await AnswerAsync(app, "a"), Is.EqualTo("503 store-unavailable"));
            Assert.That(app.Action.Runs, Is.Zero);
        }

        // The claim that was given up may have come late, and is released then.
        await Waiting.UntilAsync(
            async () => (await AnswerAsync(app, "a")).StartsWith("201 ", StringComparison.Ordinal));
        Assert.That(app.Action.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task ReadOnlyFileRunsNothing()
    {
        var database = Databases.Sqlite();
        await using (var before = await StartAsync(database: database))
            Assert.That(await AnswerAsync(before, "kept"), Does.StartWith("201"));
        await using var app = await ShopApp.StartAsync(
            ShopHost.MinimalApi,
            o => o.UseSqlite($"{database};Mode=ReadOnly"),
            store => store.OperationTimeout = TimeSpan.FromMilliseconds(500));

        Assert.That(await AnswerAsync(app, "a"), Is.EqualTo("503 store-unavailable"));
        Assert.That(app.Action.Runs, Is.Zero);

        await using var writable = await StartAsync(database: database);
        Assert.That(await AnswerAsync(writable, "kept"), Does.EndWith(" replayed"));
        Assert.That(await AnswerAsync(writable, "a"), Does.StartWith("201"));
    }

    private async Task<ShopApp> StartAsync(
        TimeSpan? patience = null, Action<IdempotencyOptions>? policy = null, string? database = null)
    {
        database ??= Databases.Sqlite();
        var app = await ShopApp.StartAsync(
            ShopHost.MinimalApi,
            o => o.UseSqlite(database),
            store => store.OperationTimeout = patience ?? TimeSpan.FromSeconds(25),
            policy);
        var sql = $"PRAGMA journal_mode = {journal}";
        await app.InAsync(db => db.Database.SqlQueryRaw<string>(sql).ToListAsync());
        return app;
    }

    private static Task<string> AnswerAsync(ShopApp app, string key) => app.App.AnswerAsync("api/payments", key, new StringContent("10"));

    /// <summary>Stops a payment in the middle of its transaction.</summary>
    private static async Task<(Task<HttpResponseMessage> Payment, Signal GoOn)> HoldAsync(
        ShopApp app, Action<IIdempotencyContext>? note = null)
    {
        var (reached, goOn) = (new Signal(), new Signal());
        app.Action.Do = async (http, db, idempotency) =>
        {
            var answer = await ShopAction.PayAsync(http, db, idempotency);
            if (idempotency.Key == "a")
            {
                note?.Invoke(idempotency);
                reached.Fire();
                await goOn.WaitAsync();
            }

            return answer;
        };
        while (true)
        {
            var payment = app.PayAsync("a");
            if (await Task.WhenAny(payment, reached.WaitAsync()) != payment)
                return (payment, goOn);

            // The machine is too slow for a timeout that is short on purpose.
            using var answer = await payment;
            Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable).Or.EqualTo(HttpStatusCode.Conflict));
        }
    }
}
