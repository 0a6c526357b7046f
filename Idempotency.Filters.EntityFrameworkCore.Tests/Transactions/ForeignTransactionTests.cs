using System.Transactions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>Transactions that the application begins or ends by itself, around its action or in it.</summary>
[TestFixture(ShopHost.Mvc, ClaimMode.Lock)]
[TestFixture(ShopHost.Mvc, ClaimMode.Row)]
[TestFixture(ShopHost.MinimalApi, ClaimMode.Lock)]
[TestFixture(ShopHost.MinimalApi, ClaimMode.Row)]
internal sealed class ForeignTransactionTests(ShopHost host, ClaimMode mode) : ShopTests
{
    [Test]
    public async Task ScopeAroundTheEndpointIsRefused()
    {
        var app = await StartAsync(await Databases.PostgresAsync(), host, mode, pipeline: web => web.Use(async (http, next) =>
        {
            using var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled);
            await next(http);
        }));

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("500 A TransactionScope is open around an endpoint"));
        Assert.That(app.Action.Runs, Is.Zero);
    }

    [Test]
    public async Task TransactionBeforeTheEndpointIsRefused()
    {
        var app = await StartAsync(await Databases.PostgresAsync(), host, mode, pipeline: web => web.Use(async (http, next) =>
        {
            var db = http.RequestServices.GetRequiredService<ShopContext>();
            await db.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
            {
                await using var transaction = await db.Database.BeginTransactionAsync();
                await next(http);
            });
        }));

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("500 Something began a transaction on ShopContext before an endpoint"));
        Assert.That(app.Action.Runs, Is.Zero);
    }

    [Test]
    public async Task ScopeInTheActionIsExplainedAndRolledBack()
    {
        var app = await AppAsync(async (http, db, idempotency) =>
        {
            var paid = await ShopAction.PayAsync(http, db, idempotency);
            using var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled);
            await ShopAction.PayAsync(http, db, idempotency);
            scope.Complete();
            return paid;
        });

        await IsRolledBackAsync(app, "500 The action opened a TransactionScope");
    }

    [Test]
    public async Task TransactionOfTheActionIsExplainedAndRolledBack()
    {
        var app = await AppAsync(async (http, db, idempotency) =>
        {
            await ShopAction.PayAsync(http, db, idempotency);
            return await db.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
            {
                await using var transaction = await db.Database.BeginTransactionAsync();
                var paid = await ShopAction.PayAsync(http, db, idempotency);
                await transaction.CommitAsync();
                return paid;
            });
        });

        await IsRolledBackAsync(app, "500 The action began a transaction of its own");
    }

    [Test]
    public async Task ActionCannotEndTheTransaction([Values] bool commits)
    {
        var app = await AppAsync(async (http, db, idempotency) =>
        {
            var paid = await ShopAction.PayAsync(http, db, idempotency);
            if (commits)
                await db.Database.CommitTransactionAsync();
            else
                await db.Database.CurrentTransaction!.RollbackAsync();
            return paid;
        });

        await IsRolledBackAsync(app, "500 The action ended the transaction that it runs in");
    }

    /// <summary>Behind the back of the context nobody can keep it from it. It must not go unnoticed.</summary>
    [Test]
    public async Task TransactionThatWasEndedBehindTheContextIsRefused()
    {
        var app = await AppAsync(async (http, db, idempotency) =>
        {
            var paid = await ShopAction.PayAsync(http, db, idempotency);
            await db.Database.CurrentTransaction!.GetDbTransaction().RollbackAsync();
            return paid;
        });

        await IsRolledBackAsync(app, "500 rolled-back");
    }

    [Test]
    public async Task SavepointUndoesAPart()
    {
        var app = await AppAsync(async (http, db, idempotency) =>
        {
            var paid = await ShopAction.PayAsync(http, db, idempotency);
            var transaction = db.Database.CurrentTransaction!;
            await transaction.CreateSavepointAsync("part");
            await ShopAction.PayAsync(http, db, idempotency);
            await transaction.RollbackToSavepointAsync("part");
            await transaction.ReleaseSavepointAsync("part");
            await ShopAction.PayAsync(http, db, idempotency);
            return paid;
        });

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("201"));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(2));
    }

    /// <summary>An action that answers a violated constraint goes on, as it would without us: Entity Framework made a savepoint.</summary>
    [Test]
    public async Task CaughtViolationIsAnAnswer()
    {
        var app = await AppAsync(async (http, db, idempotency) =>
        {
            await ShopAction.PayAsync(http, db, idempotency);
            for (var attempt = 1; attempt <= 3; attempt++)
            {
                var twice = new Payment { Key = idempotency.Key!, Reference = "taken" };
                db.Add(twice);
                try
                {
                    await db.SaveChangesAsync();
                }
                catch (DbUpdateException)
                {
                    db.Entry(twice).State = EntityState.Detached;
                }
            }

            return (StatusCodes.Status409Conflict, "taken");
        });

        Assert.That(await app.AnswerAsync("a"), Is.EqualTo("409 taken"));
        Assert.That(await app.AnswerAsync("a"), Is.EqualTo("409 taken replayed"));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(2));
    }

    [Test]
    public async Task SwallowedErrorPoisonsTheTransaction()
    {
        var app = await AppAsync(async (http, db, idempotency) =>
        {
            var paid = await ShopAction.PayAsync(http, db, idempotency);
            try
            {
                await db.Database.ExecuteSqlRawAsync("SELECT 1 / 0");
            }
            catch (Npgsql.PostgresException)
            {
                // The action goes on, and nothing says that the transaction will not.
            }

            return paid;
        });

        await IsRolledBackAsync(app, "500 rolled-back");
    }

    private async Task<ShopApp> AppAsync(
        Func<HttpContext, ShopContext, IIdempotencyContext, Task<(int Status, string Text)>> action)
    {
        var app = await StartAsync(await Databases.PostgresAsync(), host, mode);
        app.Action.Do = action;
        return app;
    }

    /// <summary>The request fails, nothing stands, and the corrected action runs with the same key and the same pooled context.</summary>
    private static async Task IsRolledBackAsync(ShopApp app, string answer)
    {
        Assert.That(await app.AnswerAsync("a"), Does.StartWith(answer));
        Assert.That(await app.PaymentsAsync("a"), Is.Zero);

        app.Action.Do = ShopAction.PayAsync;
        Assert.That(await app.AnswerAsync("a"), Does.StartWith("201"));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(1));
    }
}
