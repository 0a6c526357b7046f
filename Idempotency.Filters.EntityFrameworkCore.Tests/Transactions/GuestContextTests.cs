using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>A further context that takes part in the transaction.</summary>
[TestFixture(ClaimMode.Lock, false)]
[TestFixture(ClaimMode.Lock, true)]
[TestFixture(ClaimMode.Row, false)]
internal sealed class GuestContextTests(ClaimMode mode, bool hasDataSource) : ShopTests
{
    // What the connections of the data source have, and others have not.
    private const string Mark = "SELECT current_setting('test.mark', true) AS \"Value\"";

    [Test]
    public async Task RowsOfBothAreCommittedTogether()
    {
        var app = await AppAsync();

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("201"));
        Assert.That(await app.AnswerAsync("a"), Does.EndWith("replayed"));

        Assert.That(await AuditsAsync(app), Is.EqualTo(1));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(1));
    }

    [Test]
    public async Task RowsOfBothAreRolledBack()
    {
        var app = await AppAsync(fails: true);

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("500 failed"));

        Assert.That(await AuditsAsync(app), Is.Zero);
        Assert.That(await app.PaymentsAsync("a"), Is.Zero);
    }

    /// <summary>A pooled context serves many requests, covered or not: each with its own connection again.</summary>
    [Test]
    public async Task GuestIsItselfAgain()
    {
        var app = await AppAsync();

        for (var round = 0; round < 4; round++)
        {
            Assert.That(await app.AnswerAsync($"key-{round}"), Does.StartWith("201"));
            await using var scope = app.App.Services.CreateAsyncScope();
            var audits = scope.ServiceProvider.GetRequiredService<AuditContext>();
            await audits.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
            {
                await using var own = await audits.Database.BeginTransactionAsync();
                audits.Add(new Audit());
                await audits.SaveChangesAsync();
                await own.CommitAsync();
            });
            if (hasDataSource)
                Assert.That(await audits.Database.SqlQueryRaw<string>(Mark).SingleAsync(), Is.EqualTo("source"));
            var shop = scope.ServiceProvider.GetRequiredService<ShopContext>();
            Assert.That(audits.Database.GetDbConnection(), Is.Not.SameAs(shop.Database.GetDbConnection()));
        }

        Assert.That(await AuditsAsync(app), Is.EqualTo(8));
    }

    [Test]
    public async Task GuestIsItselfAgainWithinTheRequest()
    {
        var after = -1;
        var app = await AppAsync(pipeline: web => web.Use(async (http, next) =>
        {
            var audits = http.RequestServices.GetRequiredService<AuditContext>();
            Assert.That(await audits.Audits.CountAsync(), Is.Zero);
            await next(http);
            after = await audits.Audits.CountAsync();
        }));

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("201"));

        await Waiting.UntilAsync(() => Volatile.Read(ref after) >= 0);
        Assert.That(after, Is.EqualTo(1));
    }

    [Test]
    public async Task ViolationInTheGuestIsAnAnswer()
    {
        var app = await AppAsync();
        var action = app.Action.Do;
        app.Action.Do = async (http, db, idempotency) =>
        {
            var paid = await action(http, db, idempotency);
            var audits = http.RequestServices.GetRequiredService<AuditContext>();
            var id = audits.ChangeTracker.Entries<Audit>().Single().Entity.Id;
            audits.ChangeTracker.Clear();
            audits.Add(new Audit { Id = id });
            Assert.That(() => audits.SaveChangesAsync(), Throws.InstanceOf<DbUpdateException>());
            return paid;
        };

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("201"));
        Assert.That(await AuditsAsync(app), Is.EqualTo(1));
    }

    [Test]
    public async Task GuestThatEndsTheTransactionIsRefused()
    {
        var app = await AppAsync();
        app.Action.Do = async (http, db, idempotency) =>
        {
            var paid = await ShopAction.PayAsync(http, db, idempotency);
            await http.RequestServices.GetRequiredService<AuditContext>().Database.CurrentTransaction!.CommitAsync();
            return paid;
        };

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("500 The action ended the transaction"));
        Assert.That(await app.PaymentsAsync("a"), Is.Zero);
    }

    /// <summary>On the connection of the first it would write to a database that is not its own.</summary>
    [Test]
    public async Task GuestOfAnotherDatabaseIsRefused()
    {
        var app = await AppAsync(audits: await Databases.PostgresAsync());

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("500 AuditContext cannot take part in the transaction"));
        Assert.That(app.Action.Runs, Is.Zero);
        Assert.That(await app.KeysAsync(), Is.Zero);
    }

    private async Task<ShopApp> AppAsync(bool fails = false, Action<WebApplication>? pipeline = null, string? audits = null)
    {
        var database = await Databases.PostgresAsync();
        var source = hasDataSource ? Own(SourceOf(audits ?? database)) : null;
        var app = await StartAsync(
            database, mode: mode, store: o => o.With<AuditContext>(), pipeline: pipeline,
            services: services => services.AddDbContextPool<AuditContext>(EfStores.WithManyProviders(o => _ = source is null
                ? o.UseNpgsql(audits ?? database, npgsql => npgsql.EnableRetryOnFailure())
                : o.UseNpgsql(source, npgsql => npgsql.EnableRetryOnFailure()))));
        await ExecuteAsync(database, AuditContext.Table);
        app.Action.Do = async (http, db, idempotency) =>
        {
            var paid = await ShopAction.PayAsync(http, db, idempotency);
            var other = http.RequestServices.GetRequiredService<AuditContext>();
            other.Add(new Audit { Key = idempotency.Key! });
            await other.SaveChangesAsync();
            return fails ? throw new InvalidOperationException("failed") : paid;
        };
        return app;
    }

    private static NpgsqlDataSource SourceOf(string database)
    {
        var builder = new NpgsqlDataSourceBuilder(database + ";No Reset On Close=true");
        builder.UsePhysicalConnectionInitializer(Initialize, connection =>
        {
            Initialize(connection);
            return Task.CompletedTask;
        });
        return builder.Build();
    }

    private static void Initialize(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand("SELECT set_config('test.mark', 'source', false)", connection);
        command.ExecuteNonQuery();
    }

    private static async Task<int> AuditsAsync(ShopApp app)
    {
        await using var scope = app.App.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<AuditContext>().Audits.CountAsync();
    }
}
