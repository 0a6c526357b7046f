using System.Data;
using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>One key that is claimed by its lock and by a row: by policies, or versions of an application, that differ.</summary>
[TestFixture(null)]
[TestFixture(IsolationLevel.RepeatableRead)]
[TestFixture(IsolationLevel.Serializable)]
internal sealed class SupersededTests(IsolationLevel? level) : ShopTests
{
    private readonly Signal _reached = new();
    private readonly Signal _goOn = new();

    [Test]
    public async Task LoserIsRolledBackAndGetsTheAnswerOfTheWinner()
    {
        var (byLock, byRow) = await AppsAsync();
        var loser = byLock.AnswerAsync("a");
        await _reached.WaitAsync();

        var winner = await byRow.AnswerAsync("a");
        _goOn.Fire();

        Assert.That(winner, Does.StartWith("201"));
        Assert.That(await loser, Is.EqualTo(winner + " replayed"));
        Assert.That(await byLock.PaymentsAsync("a"), Is.EqualTo(1));
        Assert.That(await byLock.KeysAsync(), Is.EqualTo(1));
        Assert.That(await byLock.AnswerAsync("a"), Is.EqualTo(winner + " replayed"));
    }

    [Test]
    public async Task LoserOfAKeyInFlightIsRolledBackAndInFlight()
    {
        var (byLock, byRow) = await AppsAsync();
        var rowReached = new Signal();
        var rowGoesOn = new Signal();
        byRow.Action.Do = async (http, db, idempotency) =>
        {
            rowReached.Fire();
            await rowGoesOn.WaitAsync();
            return await ShopAction.PayAsync(http, db, idempotency);
        };
        var loser = byLock.AnswerAsync("a");
        await _reached.WaitAsync();
        var winner = byRow.AnswerAsync("a");
        await rowReached.WaitAsync();

        _goOn.Fire();
        Assert.That(await loser, Is.EqualTo(level is null ? "409 in-flight" : "503 transaction-conflict"));
        Assert.That(await byLock.AnswerAsync("a"), Is.EqualTo("409 in-flight"));
        Assert.That(await byLock.PaymentsAsync("a"), Is.Zero);
        rowGoesOn.Fire();

        Assert.That(await winner, Does.StartWith("201"));
        Assert.That(await byLock.PaymentsAsync("a"), Is.EqualTo(1));
    }

    [Test]
    public async Task AbandonedRowIsTakenOver()
    {
        var (byLock, _) = await AppsAsync();
        _goOn.Fire();
        Assert.That(await byLock.AnswerAsync("a"), Does.StartWith("201"));
        // What a process leaves that died after it claimed the key by a row.
        await byLock.InAsync(db => db.Database.ExecuteSqlRawAsync(
            """
            DELETE FROM "Payments";
            UPDATE idempotency_keys SET state = 1, record = NULL, owner = decode(repeat('07', 16), 'hex'),
                lease_until = now() - interval '1 second'
            """));

        Assert.That(await byLock.AnswerAsync("a"), Does.StartWith("201").And.Not.EndsWith("replayed"));
        Assert.That(await byLock.PaymentsAsync("a"), Is.EqualTo(1));
        Assert.That(await byLock.KeysAsync(), Is.EqualTo(1));
    }

    private async Task<(ShopApp ByLock, ShopApp ByRow)> AppsAsync()
    {
        var database = await Databases.PostgresAsync();
        var byLock = await StartAsync(database, store: o => o.IsolationLevel = level);
        byLock.Action.Do = async (http, db, idempotency) =>
        {
            var paid = await ShopAction.PayAsync(http, db, idempotency);
            _reached.Fire();
            await _goOn.WaitAsync();
            return paid;
        };
        return (byLock, await StartAsync(database, mode: ClaimMode.Row, store: o => o.IsolationLevel = level));
    }
}
