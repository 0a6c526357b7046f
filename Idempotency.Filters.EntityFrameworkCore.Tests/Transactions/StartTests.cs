using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>Settings of transactional policies that cannot work are refused at start.</summary>
internal sealed class StartTests : ShopTests
{
    private static readonly Action<IdempotencyOptions> BlocksInterrupted = o => o.WhenInterrupted = InterruptedBehavior.Block;
    private static readonly Action<IdempotencyOptions> BlocksFailed = o => o.WhenFailed = FailureBehavior.Block;

    [Test]
    public async Task LockThatWouldForgetIsRefused([Values] bool failed)
    {
        var database = await Databases.PostgresAsync();

        Assert.That(
            () => StartAsync(database, mode: ClaimMode.Lock, policy: failed ? BlocksFailed : BlocksInterrupted),
            Throws.Exception.With.Message.Contains("which forgets an attempt that did not commit"));
    }

    [Test]
    public async Task AutomaticTakesARowThatRemembers([Values] bool failed)
    {
        var app = await StartAsync(
            await Databases.PostgresAsync(), mode: ClaimMode.Automatic, policy: failed ? BlocksFailed : BlocksInterrupted);
        var rows = -1;
        app.Action.Do = async (http, db, idempotency) =>
        {
            rows = await app.KeysAsync();
            return await ShopAction.PayAsync(http, db, idempotency);
        };

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("201"));
        Assert.That(rows, Is.EqualTo(1));
        Assert.That(await app.AnswerAsync("a"), Does.EndWith("replayed"));
    }

    [Test]
    public async Task FailureThatBlocksIsRolledBackAndRemembered()
    {
        var app = await StartAsync(await Databases.PostgresAsync(), mode: ClaimMode.Automatic, policy: BlocksFailed);
        app.Action.Do = async (http, db, idempotency) =>
        {
            await ShopAction.PayAsync(http, db, idempotency);
            throw new InvalidOperationException("failed");
        };

        Assert.That(await app.AnswerAsync("a"), Is.EqualTo("500 failed"));
        Assert.That(await app.AnswerAsync("a"), Is.EqualTo("409 outcome-unknown"));
        Assert.That(await app.PaymentsAsync("a"), Is.Zero);
        Assert.That(app.Action.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task AutomaticTakesALock()
    {
        var app = await StartAsync(await Databases.PostgresAsync(), mode: ClaimMode.Automatic);
        var rows = -1;
        app.Action.Do = async (http, db, idempotency) =>
        {
            rows = await app.KeysAsync();
            return await ShopAction.PayAsync(http, db, idempotency);
        };

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("201"));
        Assert.That(rows, Is.Zero);
    }

    [Test]
    public void ContextOfOursIsRefused()
    {
        var database = Databases.Sqlite();

        Assert.That(
            () => TestApp.StartAsync(
                [typeof(ShopController)],
                services =>
                {
                    services.AddSingleton<ShopAction>();
                    services.AddDbContextPool<ShopContext>(EfStores.WithManyProviders(o => o.UseSqlite(database)));
                    services.AddIdempotency(o => o.KeyPrefix = "shop:")
                        .UseEntityFramework(o => o.UseSqlite(database))
                        .AddPolicy("shop", o => o.Transactional = true);
                }),
            Throws.Exception.With.Message.Contains("Transactional needs the context of the application"));
    }

    [Test]
    public void SnapshotsWithoutAnEndOfTheRunAreRefused([Values(ClaimMode.Row, ClaimMode.Automatic)] ClaimMode mode) => Assert.That(
        async () => await StartAsync(
            await Databases.PostgresAsync(), mode: mode, store: o => o.IsolationLevel = System.Data.IsolationLevel.RepeatableRead,
            policy: o => (o.MaxExecutionTime, o.WhenInterrupted) = (null, InterruptedBehavior.Block)),
        Throws.Exception.With.Message.Contains("lasts for MaxExecutionTime, which is null"));

    [Test]
    public void LockOnSqliteIsRefused()
    {
        var database = Databases.Sqlite();

        Assert.That(
            () => ShopApp.StartAsync(ShopHost.Mvc, o => o.UseSqlite(database), store => store.Claim = ClaimMode.Lock),
            Throws.Exception.With.Message.Contains("works on PostgreSQL alone"));
    }
}
