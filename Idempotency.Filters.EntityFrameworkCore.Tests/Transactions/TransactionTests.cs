using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>One transactional request on PostgreSQL, from its claim to its answer.</summary>
[TestFixture(ShopHost.Mvc, ClaimMode.Lock)]
[TestFixture(ShopHost.Mvc, ClaimMode.Row)]
[TestFixture(ShopHost.MinimalApi, ClaimMode.Lock)]
[TestFixture(ShopHost.MinimalApi, ClaimMode.Row)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal sealed class TransactionTests(ShopHost host, ClaimMode mode)
{
    private ShopApp _app = null!;

    [SetUp]
    public async Task StartAsync()
    {
        var database = await Databases.PostgresAsync();
        _app = await ShopApp.StartAsync(
            host, o => o.UseNpgsql(database, npgsql => npgsql.EnableRetryOnFailure()), store => store.Claim = mode);
    }

    [TearDown]
    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Test]
    public async Task RowAndRecordAreCommittedTogetherAndReplayed()
    {
        using var first = await _app.PayAsync("a");
        using var replay = await _app.PayAsync("a");

        Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.Created), await first.Content.ReadAsStringAsync());
        Assert.That(replay.StatusCode, Is.EqualTo(HttpStatusCode.Created));
        Assert.That(replay.Headers.Contains("Idempotent-Replayed"), Is.True);
        Assert.That(await replay.Content.ReadAsStringAsync(), Is.EqualTo(await first.Content.ReadAsStringAsync()));
        Assert.That(await _app.PaymentsAsync("a"), Is.EqualTo(1));
        Assert.That(_app.Action.Runs, Is.EqualTo(1));
    }

    [Test]
    public Task ExceptionRollsBackAndFreesTheKey() => _app.ExceptionRollsBackAndFreesTheKeyAsync();

    [Test]
    public async Task RollbackOnlySendsTheAnswerAndKeepsNothing()
    {
        _app.Action.Do = async (http, db, idempotency) =>
        {
            await ShopAction.PayAsync(http, db, idempotency);
            idempotency.RollbackOnly();
            return (StatusCodes.Status200OK, "not now");
        };

        using var answer = await _app.PayAsync("a");

        Assert.That(await answer.Content.ReadAsStringAsync(), Is.EqualTo("not now"));
        Assert.That(await _app.PaymentsAsync("a"), Is.Zero);
        _app.Action.Do = ShopAction.PayAsync;
        using var retry = await _app.PayAsync("a");
        Assert.That(retry.StatusCode, Is.EqualTo(HttpStatusCode.Created));
    }

    [Test]
    public async Task SecondRequestMeetsTheFirst()
    {
        var reached = new Signal();
        var goOn = new Signal();
        _app.Action.Do = async (http, db, idempotency) =>
        {
            reached.Fire();
            await goOn.WaitAsync();
            return await ShopAction.PayAsync(http, db, idempotency);
        };
        var first = _app.PayAsync("a");
        await reached.WaitAsync();

        using var second = await _app.PayAsync("a");
        goOn.Fire();
        using var answer = await first;

        Assert.That(second.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Created));
        Assert.That(await _app.PaymentsAsync("a"), Is.EqualTo(1));
    }
}
