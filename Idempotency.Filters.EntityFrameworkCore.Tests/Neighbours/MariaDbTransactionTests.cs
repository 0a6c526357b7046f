using System.Net;
using Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ShopContext = Idempotency.Filters.EntityFrameworkCore.Tests.Transactions.ShopContext;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Neighbours;

/// <summary>Transactional requests on MariaDB, by Oracle's provider: always in row mode.</summary>
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class MariaDbTransactionTests
{
    private string _database = null!;
    private ShopApp _app = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _database = await Databases.MariaDbAsync();
        _app = await ShopApp.StartAsync(ShopHost.MinimalApi, o => o.UseMySQL(_database));
    }

    [TearDown]
    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Test]
    public async Task RowAndRecordAreCommittedTogetherAndReplayed()
    {
        using var first = await _app.PayAsync("a");
        using var replay = await _app.PayAsync("a");

        Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.Created), await first.Content.ReadAsStringAsync());
        Assert.That(replay.Headers.Contains("Idempotent-Replayed"), Is.True);
        Assert.That(await _app.PaymentsAsync("a"), Is.EqualTo(1));
    }

    [Test]
    public Task ExceptionRollsBackAndFreesTheKey() => _app.ExceptionRollsBackAndFreesTheKeyAsync();

    [Test]
    public async Task DuplicatesInParallelRunOnce()
    {
        for (var round = 0; round < 10; round++)
        {
            var key = $"key-{round}";
            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _app.PayAsync(key)));

            Assert.That(
                answers.Select(answer => answer.StatusCode), Is.All.EqualTo(HttpStatusCode.Created).Or.EqualTo(HttpStatusCode.Conflict));
            Assert.That(await _app.PaymentsAsync(key), Is.EqualTo(1));
        }

        Assert.That(_app.Action.Runs, Is.EqualTo(10));
    }

    [Test]
    public async Task DuplicatesOfActionsThatFailNeverCommitTwice()
    {
        _app.Action.Do = async (http, db, idempotency) =>
        {
            var answer = await ShopAction.PayAsync(http, db, idempotency);
            return Random.Shared.Next(2) == 0 ? answer : throw new InvalidOperationException("after the payment");
        };

        for (var round = 0; round < 5; round++)
        {
            var key = $"key-{round}";
            do
            {
                var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _app.PayAsync(key)));
                Assert.That(answers.Select(answer => (int)answer.StatusCode).Distinct(), Is.SubsetOf((int[])[201, 409, 500]));
            }
            while (await _app.PaymentsAsync(key) == 0);

            Assert.That(await _app.PaymentsAsync(key), Is.EqualTo(1));
        }
    }

    [Test]
    public async Task DeadlockIsAConflictThatARetryCures()
    {
        var one = await MeetDeadlockAsync(swallows: false);

        Assert.That(one, Is.EqualTo("503 transaction-conflict"));
        Assert.That(await AnswerAsync(), Is.EqualTo("201 paid"));
        Assert.That(await AnswerAsync(), Is.EqualTo("201 paid replayed"));
    }

    /// <summary>The deadlock has ended the transaction: what the action writes afterwards would stand by itself.</summary>
    [Test]
    public async Task SwallowedDeadlockCommitsNothing()
    {
        Assert.That(await MeetDeadlockAsync(swallows: true), Is.EqualTo("503 transaction-conflict"));
        Assert.That(await _app.PaymentsAsync("after the deadlock"), Is.Zero);

        Assert.That(await AnswerAsync(), Is.EqualTo("201 paid"));
        Assert.That(await _app.PaymentsAsync("after the deadlock"), Is.EqualTo(1));
    }

    /// <returns>The answer to a request whose transaction was rolled back by a deadlock.</returns>
    private async Task<string> MeetDeadlockAsync(bool swallows)
    {
        var (one, two) = (new Payment { Key = "one" }, new Payment { Key = "two" });
        await using var scope = _app.App.Services.CreateAsyncScope();
        var other = scope.ServiceProvider.GetRequiredService<ShopContext>();
        other.AddRange(one, two);
        await other.SaveChangesAsync();
        // Two transactions that take two rows in opposite orders. The one that has written less is rolled back: that of the request.
        await using var transaction = await other.Database.BeginTransactionAsync();
        await UpdateAsync(other, one);
        other.AddRange(Enumerable.Range(0, 50).Select(_ => new Payment()));
        await other.SaveChangesAsync();
        var reached = new Signal();
        _app.Action.Do = async (_, db, _) =>
        {
            await UpdateAsync(db, two);
            reached.Fire();
            try
            {
                await UpdateAsync(db, one);
            }
            catch (Exception) when (swallows)
            {
                // As code does that logs an error and goes on.
            }

            if (swallows)
            {
                try
                {
                    db.Add(new Payment { Key = "after the deadlock" });
                    await db.SaveChangesAsync();
                }
                catch (Exception)
                {
                    // The same.
                }
            }

            return (StatusCodes.Status201Created, "paid");
        };
        var paying = AnswerAsync();
        await reached.WaitAsync();
        await UpdateAsync(other, two);
        await transaction.CommitAsync();
        return await paying;
    }

    private Task<string> AnswerAsync() => _app.App.AnswerAsync("api/payments", "a", new StringContent("10"));

    private static Task<int> UpdateAsync(ShopContext db, Payment payment) =>
        db.Payments.Where(row => row.Id == payment.Id)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Amount, row => row.Amount + 1));
}
