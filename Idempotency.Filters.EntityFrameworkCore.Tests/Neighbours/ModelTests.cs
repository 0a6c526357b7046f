using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Neighbours;

/// <summary>Models in which the application, or a convention of its own, names things.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ModelTests
{
    public static readonly Naming[] Namings =
    [
        new("snake case", o => o.UseSnakeCaseNamingConvention()),
        new("upper case", o => o.UseUpperCaseNamingConvention()),
    ];

    [TestCaseSource(nameof(Namings))]
    public async Task NamingConventionOnPostgres(Naming naming)
    {
        var database = await Databases.PostgresAsync();
        await ShowAsync<PlainContext>(o => naming.Use(o.UseNpgsql(database)));
    }

    [TestCaseSource(nameof(Namings))]
    public async Task NamingConventionOnSqlite(Naming naming)
    {
        var database = Databases.Sqlite();
        await ShowAsync<PlainContext>(o => naming.Use(o.UseSqlite(database)));
    }

    [TestCaseSource(nameof(Namings))]
    public async Task NamingConventionOnMariaDb(Naming naming)
    {
        var database = await Databases.MariaDbAsync();
        await ShowAsync<PlainContext>(o => naming.Use(o.UseMySQL(database)));
    }

    [Test]
    public async Task ScriptOfTheModelMakesTheTable()
    {
        var database = await Databases.PostgresAsync();
        await using (var context = Make<PlainContext>(o => o.UseNpgsql(database).UseSnakeCaseNamingConvention()))
            await context.Database.ExecuteSqlRawAsync(context.Database.GenerateCreateScript());

        await ShowAsync<PlainContext>(o => o.UseNpgsql(database).UseSnakeCaseNamingConvention(), create: false);
    }

    [Test]
    public async Task TableSchemaAndColumnsHaveTheNamesOfTheApplication()
    {
        var database = await Databases.PostgresAsync();
        await ShowAsync<RenamedContext>(o => o.UseNpgsql(database));

        await using var context = Make<RenamedContext>(o => o.UseNpgsql(database));
        Assert.That(
            await context.Database.SqlQueryRaw<int>(
                "SELECT count(*)::int AS \"Value\" FROM \"Own Schema\".\"Keys\" WHERE \"The Record\" IS NOT NULL").SingleAsync(),
            Is.EqualTo(1));
    }

    [Test]
    public async Task NameWithAQuoteInIt()
    {
        var database = await Databases.PostgresAsync();
        await ShowAsync<QuotedContext>(o => o.UseNpgsql(database));
    }

    [Test]
    public async Task QueryFiltersOfTheApplicationHideNoKey()
    {
        var database = await Databases.PostgresAsync();
        await ShowAsync<FilteredContext>(o => o.UseNpgsql(database));
    }

    private static async Task ShowAsync<TContext>(Action<DbContextOptionsBuilder> database, bool create = true)
        where TContext : NoteContext
    {
        await using (var context = Make<TContext>(database))
        {
            if (create)
                await context.Database.EnsureCreatedAsync();
        }

        foreach (var transactional in (bool[])[true, false])
        {
            await using var app = await NoteApp.StartAsync<TContext>(
                services => services.AddDbContext<TContext>(database), policy: o => o.Transactional = transactional);
            var key = $"key-{transactional}";
            using var first = await app.NoteAsync(key);
            using var replay = await app.NoteAsync(key);

            Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.Created), await first.Content.ReadAsStringAsync());
            Assert.That(await replay.Content.ReadAsStringAsync(), Is.EqualTo(await first.Content.ReadAsStringAsync()));
            Assert.That(replay.Headers.Contains("Idempotent-Replayed"), Is.True);
            Assert.That(app.Runs, Is.EqualTo(1));
            await app.Services.GetRequiredService<IIdempotencyAdministration>().ForgetAsync(IdempotencyScope.Anonymous);
            using var again = await app.NoteAsync(key);
            Assert.That(again.Headers.Contains("Idempotent-Replayed"), Is.False);
        }
    }

    private static TContext Make<TContext>(Action<DbContextOptionsBuilder> database)
        where TContext : DbContext
    {
        var options = new DbContextOptionsBuilder<TContext>();
        (EfStores.AllowManyProviders + database)(options);
        return (TContext)Activator.CreateInstance(typeof(TContext), options.Options)!;
    }

    public sealed record Naming(string Name, Action<DbContextOptionsBuilder> Use)
    {
        public override string ToString() => Name;
    }

    internal sealed class PlainContext(DbContextOptions<PlainContext> options) : NoteContext(options);

    internal sealed class RenamedContext(DbContextOptions<RenamedContext> options) : NoteContext(options)
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            base.OnModelCreating(modelBuilder);
            modelBuilder.AddIdempotency("Keys", "Own Schema");
            var row = modelBuilder.Model.GetEntityTypes().Single(type => type.GetTableName() == "Keys");
            row.FindProperty("Record")!.SetColumnName("The Record");
            row.FindProperty("Owner")!.SetColumnName("OWNER");
        }
    }

    internal sealed class QuotedContext(DbContextOptions<QuotedContext> options) : NoteContext(options)
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            base.OnModelCreating(modelBuilder);
            modelBuilder.AddIdempotency("the \"keys\"");
        }
    }

    internal sealed class FilteredContext(DbContextOptions<FilteredContext> options) : NoteContext(options)
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            base.OnModelCreating(modelBuilder);
            modelBuilder.Entity<Note>().HasQueryFilter(note => note.Text == "of another tenant");
        }
    }
}
