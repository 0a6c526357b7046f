using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>A second context of the same type, beside the one that is in the transaction.</summary>
[TestFixture(ClaimMode.Lock)]
[TestFixture(ClaimMode.Row)]
internal sealed class SeparateContextTests(ClaimMode mode) : ShopTests
{
    private static readonly Dictionary<string, Func<ShopContext, string, Task>> Writes = new()
    {
        ["SaveChangesAsync"] = (db, key) =>
        {
            db.Add(new Payment { Key = key });
            return db.SaveChangesAsync();
        },
        ["SaveChanges"] = (db, key) =>
        {
            db.Add(new Payment { Key = key });
            db.SaveChanges();
            return Task.CompletedTask;
        },
        ["ExecuteUpdate"] = (db, key) => db.Payments.ExecuteUpdateAsync(set => set.SetProperty(payment => payment.Amount, 0)),
        ["ExecuteDelete"] = (db, key) => db.Payments.ExecuteDeleteAsync(),
        ["ExecuteSqlRaw"] = (db, key) => db.Database.ExecuteSqlRawAsync("""UPDATE "Payments" SET "Amount" = 0"""),
    };

    private static IEnumerable<string> Ways => Writes.Keys;

    [Test]
    public async Task WriteIsRefused([ValueSource(nameof(Ways))] string way, [Values] bool byFactory)
    {
        var app = await AppAsync(db => Writes[way](db, "separate"), byFactory);

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("500 A second ShopContext writes while an action runs"));
        Assert.That(await app.InAsync(db => db.Payments.CountAsync()), Is.Zero);
    }

    [Test]
    public async Task WriteIsAllowedByChoice()
    {
        var app = await AppAsync(
            db => Writes["SaveChangesAsync"](db, "separate"), store: o => o.AllowSeparate<ShopContext>(), fails: true);

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("500 failed"));
        Assert.That(await app.PaymentsAsync("separate"), Is.EqualTo(1));
        Assert.That(await app.PaymentsAsync("a"), Is.Zero);
    }

    [Test]
    public async Task ReadIsFree()
    {
        var counted = -1;
        var app = await AppAsync(async db => counted = await db.Payments.CountAsync());

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("201"));
        Assert.That(counted, Is.Zero, "it is not in the transaction");
    }

    [Test]
    public async Task WriteAfterTheRunIsFree()
    {
        var released = new Signal();
        Task? later = null;
        var app = await AppAsync(db => Task.CompletedTask);
        var action = app.Action.Do;
        app.Action.Do = (http, db, idempotency) =>
        {
            var services = app.App.Services;
            later = Task.Run(async () =>
            {
                await released.WaitAsync();
                await using var scope = services.CreateAsyncScope();
                await Writes["SaveChangesAsync"](scope.ServiceProvider.GetRequiredService<ShopContext>(), "later");
            });
            return action(http, db, idempotency);
        };

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("201"));
        released.Fire();
        await later!;

        Assert.That(await app.PaymentsAsync("later"), Is.EqualTo(1));
    }

    private async Task<ShopApp> AppAsync(
        Func<ShopContext, Task> separate, bool byFactory = false, Action<EntityFrameworkStoreOptions>? store = null, bool fails = false)
    {
        var database = await Databases.PostgresAsync();
        var app = await StartAsync(
            database, mode: mode, store: store,
            services: services => services.AddPooledDbContextFactory<ShopContext>(
                o => o.UseNpgsql(database, npgsql => npgsql.EnableRetryOnFailure())));
        app.Action.Do = async (http, db, idempotency) =>
        {
            var paid = await ShopAction.PayAsync(http, db, idempotency);
            await using var scope = http.RequestServices.GetRequiredService<IServiceScopeFactory>().CreateAsyncScope();
            await using var made = byFactory
                ? await http.RequestServices.GetRequiredService<IDbContextFactory<ShopContext>>().CreateDbContextAsync()
                : null;
            await separate(made ?? scope.ServiceProvider.GetRequiredService<ShopContext>());
            return fails ? throw new InvalidOperationException("failed") : paid;
        };
        return app;
    }
}
