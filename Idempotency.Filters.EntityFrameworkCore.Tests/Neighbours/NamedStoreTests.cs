using Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ShopContext = Idempotency.Filters.EntityFrameworkCore.Tests.Transactions.ShopContext;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Neighbours;

/// <summary>A named store in one context, beside a default store in memory, in another context, or in a file.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class NamedStoreTests
{
    [Test]
    public async Task EachPolicyUsesItsStore([Values("memory", "context", "file")] string other)
    {
        var (ledger, shop) = (Over(await Databases.PostgresAsync()), Over(await Databases.PostgresAsync()));
        await using (var context = new LedgerContext(Options<LedgerContext>(ledger)))
            await context.Database.EnsureCreatedAsync();
        await using (var context = new ShopContext(Options<ShopContext>(shop)))
            await context.Database.EnsureCreatedAsync();
        await using var app = await TestApp.StartAsync(
            [],
            services =>
            {
                services.AddDbContext<LedgerContext>(ledger);
                services.AddDbContextPool<ShopContext>(shop);
                services.AddSingleton<Runs>();
                var idempotency = services.AddIdempotency(o => o.KeyPrefix = "two:");
                _ = other switch
                {
                    "context" => idempotency.UseEntityFramework<ShopContext>(EfStores.BePatient),
                    "file" => idempotency.UseEntityFramework(UseFile, EfStores.BePatient),
                    _ => idempotency,
                };
                idempotency.AddStore("ledger", store => store.UseEntityFramework<LedgerContext>(EfStores.BePatient))
                    .AddPolicy("ledger", o => (o.StoreName, o.Transactional) = ("ledger", true));
            },
            app =>
            {
                app.MapPost("/ledger", async (LedgerContext db, IIdempotencyContext idempotency, Runs runs) =>
                {
                    db.Add(new Note { Text = idempotency.Key! });
                    await db.SaveChangesAsync();
                    return $"ledger {runs.Next()}";
                }).RequireIdempotency("ledger");
                app.MapPost("/other", (Runs runs) => $"other {runs.Next()}").RequireIdempotency();
            });

        Assert.That(await app.AnswerAsync("/ledger", "a"), Is.EqualTo("200 ledger 1"));
        Assert.That(await app.AnswerAsync("/other", "a"), Is.EqualTo("200 other 2"));
        Assert.That(await app.AnswerAsync("/ledger", "a"), Is.EqualTo("200 ledger 1 replayed"));
        Assert.That(await app.AnswerAsync("/other", "a"), Is.EqualTo("200 other 2 replayed"));
        await using var scope = app.Services.CreateAsyncScope();
        Assert.That(await KeysAsync(scope.ServiceProvider.GetRequiredService<LedgerContext>()), Is.EqualTo(1));
        Assert.That(await KeysAsync(scope.ServiceProvider.GetRequiredService<ShopContext>()), Is.EqualTo(other is "context" ? 1 : 0));
        Assert.That(
            await app.Services.GetRequiredService<IIdempotencyAdministration>().ForgetAsync(IdempotencyScope.Anonymous), Is.EqualTo(2));
    }

    private static void UseFile(DbContextOptionsBuilder options)
    {
        EfStores.AllowManyProviders(options);
        options.UseSqlite(Databases.Sqlite());
    }

    private static Action<DbContextOptionsBuilder> Over(string database) => o =>
    {
        EfStores.AllowManyProviders(o);
        o.UseNpgsql(database);
    };

    private static DbContextOptions<TContext> Options<TContext>(Action<DbContextOptionsBuilder> database)
        where TContext : DbContext
    {
        var builder = new DbContextOptionsBuilder<TContext>();
        database(builder);
        return builder.Options;
    }

    private static Task<int> KeysAsync(DbContext context) =>
        context.Database.SqlQueryRaw<int>("SELECT count(*)::int AS \"Value\" FROM idempotency_keys").SingleAsync();

    internal sealed class LedgerContext(DbContextOptions<LedgerContext> options) : NoteContext(options);
}
