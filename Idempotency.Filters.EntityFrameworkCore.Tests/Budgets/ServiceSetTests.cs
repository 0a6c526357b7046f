using Idempotency.Filters.EntityFrameworkCore.Tests.Neighbours;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Budgets;

/// <summary>
/// Entity Framework refuses more than twenty sets of its services in a process, unless told that it is no mistake. It counts in the whole
/// process, so this runs in one of its own.
/// </summary>
internal sealed class ServiceSetTests
{
    private const int MoreThanItLikes = 25;

    [Test]
    public async Task StoreTakesOneMoreSetWhereTheApplicationAllowsMany()
    {
        var database = await Databases.PostgresAsync();
        for (var number = 0; number < MoreThanItLikes; number++)
        {
            using var cache = new MemoryCache(new MemoryCacheOptions());
            var options = new DbContextOptionsBuilder<CrowdedContext>().UseNpgsql(database).UseMemoryCache(cache);
            EfStores.AllowManyProviders(options);
            await using var context = new CrowdedContext(options.Options);
            await context.Database.EnsureCreatedAsync();
        }

        await using var app = await NoteApp.StartAsync<CrowdedContext>(
            s => s.AddDbContext<CrowdedContext>(o => o.UseNpgsql(database, npgsql => npgsql.SetPostgresVersion(17, 100))),
            policy: o => o.Transactional = true);

        var first = await app.App.AnswerAsync("notes", "a");
        Assert.That(first, Does.StartWith("201 "));
        Assert.That(await app.App.AnswerAsync("notes", "a"), Is.EqualTo(first + " replayed"));
    }

    internal sealed class CrowdedContext(DbContextOptions<CrowdedContext> options) : NoteContext(options);
}
