using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Neighbours;

/// <summary>Each tenant has a database of its own, or a schema of its own in one database. The header X-Tenant names it.</summary>
[TestFixture(Isolation.Database, true)]
[TestFixture(Isolation.Database, false)]
[TestFixture(Isolation.Schema, true)]
[TestFixture(Isolation.Schema, false)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal sealed class TenantTests(TenantTests.Isolation isolation, bool transactional)
{
    private readonly Dictionary<string, Tenant> _tenants = [];
    private NoteApp? _app;

    public enum Isolation
    {
        Database,
        Schema,
    }

    [SetUp]
    public async Task MakeTenantsAsync()
    {
        var shared = await Databases.PostgresAsync();
        foreach (var name in (string[])["red", "blue"])
        {
            var tenant = isolation is Isolation.Schema ? new Tenant(shared, name) : new(await Databases.PostgresAsync(), null);
            _tenants.Add(name, tenant);
            await using var context = tenant.NewContext();
            if (isolation is Isolation.Database)
                await context.Database.EnsureCreatedAsync();
            else
                await context.Database.ExecuteSqlRawAsync(context.Database.GenerateCreateScript());
        }
    }

    [TearDown]
    public async Task DisposeAsync()
    {
        if (_app is not null)
            await _app.DisposeAsync();
    }

    [Test]
    public async Task OneKeyOfTwoTenantsIsTwoOperations()
    {
        await StartAsync();

        var red = await NoteAsync("red", "a");
        var blue = await NoteAsync("blue", "a");

        Assert.That(red, Does.StartWith("201 "));
        Assert.That(blue, Does.StartWith("201 ").And.Not.Contain("replayed").And.Not.EqualTo(red));
        Assert.That(await NoteAsync("red", "a"), Is.EqualTo(red + " replayed"));
        Assert.That(await NoteAsync("blue", "a"), Is.EqualTo(blue + " replayed"));
        Assert.That(await CountAsync("red"), Is.EqualTo((1, 1)));
        Assert.That(await CountAsync("blue"), Is.EqualTo((1, 1)));
    }

    [Test]
    public async Task ClaimIsRenewedAndCompletedInItsDatabase()
    {
        await StartAsync(store: o => o.Claim = ClaimMode.Row);
        var (reached, goOn) = (new Signal(), new Signal());
        _app!.AndThen = async (_, _) =>
        {
            reached.Fire();
            await goOn.WaitAsync();
        };
        var first = NoteAsync("blue", "a");
        await Task.WhenAny(first, reached.WaitAsync());
        var lease = await LeaseAsync("blue");
        await Waiting.UntilAsync(async () => await LeaseAsync("blue") > lease);

        var duplicate = await NoteAsync("blue", "a");
        goOn.Fire();

        Assert.That(duplicate, Is.EqualTo("409 in-flight"));
        Assert.That(await first, Does.StartWith("201 "));
        Assert.That(await CountAsync("blue"), Is.EqualTo((1, 1)));
        Assert.That(await CountAsync("red"), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task KeyIsFreedInItsDatabase()
    {
        await StartAsync();
        _app!.AndThen = (_, _) => throw new InvalidOperationException("after the note");
        Assert.That(await NoteAsync("blue", "a"), Is.EqualTo("500 after the note"));

        _app.AndThen = (_, _) => Task.CompletedTask;

        Assert.That(await NoteAsync("blue", "a"), Does.StartWith("201 ").And.Not.Contain("replayed"));
    }

    [Test]
    public async Task EveryDatabaseIsCleanedUp()
    {
        await StartAsync(store: o => o.CleanupInterval = TimeSpan.FromMilliseconds(200));
        foreach (var name in _tenants.Keys)
        {
            await NoteAsync(name, "a");
            await using var context = _tenants[name].NewContext();
            var sql = $"UPDATE {TableOf(context)} SET expires_at = now() - interval '1 hour'";
            await context.Database.ExecuteSqlRawAsync(sql);
        }

        await Waiting.UntilAsync(async () => (await CountAsync("red")).Keys + (await CountAsync("blue")).Keys == 0);
    }

    [Test]
    public async Task OperatorFindsAndForgetsInEveryDatabase()
    {
        await StartAsync();
        await NoteAsync("red", "a");
        await NoteAsync("blue", "b");
        var administration = _app!.Services.GetRequiredService<IIdempotencyAdministration>();

        Assert.That((await administration.FindAsync(IdempotencyScope.Anonymous, "a", "notes"))?.State, Is.EqualTo(FoundKeyState.Completed));
        Assert.That((await administration.FindAsync(IdempotencyScope.Anonymous, "b", "notes"))?.State, Is.EqualTo(FoundKeyState.Completed));
        Assert.That(await administration.ForgetAsync(IdempotencyScope.Anonymous), Is.EqualTo(2));
        Assert.That(await CountAsync("red"), Is.EqualTo((1, 0)));
        Assert.That(await CountAsync("blue"), Is.EqualTo((1, 0)));
    }

    [Test]
    public async Task ApplicationStartsWithoutATenantIfItMay()
    {
        await StartAsync(store: o => o.RequireDatabaseAtStart = false, fallback: null);

        Assert.That(await NoteAsync("red", "a"), Does.StartWith("201 "));
        Assert.That(await NoteAsync("red", "a"), Does.EndWith(" replayed"));
    }

    [Test]
    public void ApplicationThatNeedsATenantSaysSoAtItsStart() => Assert.That(
        () => StartAsync(fallback: null),
        Throws.InvalidOperationException.With.Message.Contains("no tenant").And.Message.Contains("RequireDatabaseAtStart"));

    /// <param name="store">The settings of the store.</param>
    /// <param name="fallback">The tenant outside a request; null = none.</param>
    private async Task StartAsync(Action<EntityFrameworkStoreOptions>? store = null, string? fallback = "red") =>
        _app = await NoteApp.StartAsync<TenantContext>(
            services =>
            {
                services.AddHttpContextAccessor();
                services.AddScoped(provider =>
                {
                    var http = provider.GetRequiredService<IHttpContextAccessor>().HttpContext;
                    var name = http?.Request.Headers["X-Tenant"].ToString() ?? fallback ?? throw new InvalidOperationException("no tenant");
                    return _tenants[name];
                });
                services.AddDbContext<TenantContext>((provider, o) => provider.GetRequiredService<Tenant>().Use(o));
                services.AddScoped(provider => new TenantName(provider.GetRequiredService<Tenant>().Schema));
            },
            store,
            o => o.Transactional = transactional);

    private Task<string> NoteAsync(string tenant, string key) =>
        _app!.App.AnswerAsync("notes", key, new StringContent("note"), $"X-Tenant: {tenant}");

    private async Task<(int Notes, int Keys)> CountAsync(string tenant)
    {
        await using var context = _tenants[tenant].NewContext();
        return (await context.Notes.CountAsync(), await AskAsync<int>(context, "count(*)::int"));
    }

    private async Task<DateTime> LeaseAsync(string tenant)
    {
        await using var context = _tenants[tenant].NewContext();
        return await AskAsync<DateTime>(context, "max(lease_until)");
    }

    private static Task<T> AskAsync<T>(TenantContext context, string what)
    {
        var sql = $"SELECT {what} AS \"Value\" FROM {TableOf(context)}";
        return context.Database.SqlQueryRaw<T>(sql).SingleAsync();
    }

    private static string? TableOf(TenantContext context) =>
        context.Model.GetEntityTypes().Single(type => type.GetTableName() == "idempotency_keys").GetSchemaQualifiedTableName();

    internal sealed record TenantName(string? Schema);

    private sealed record Tenant(string Database, string? Schema)
    {
        public void Use(DbContextOptionsBuilder options) => options.UseNpgsql(Database).ReplaceService<IModelCacheKeyFactory, SchemaKey>();

        public TenantContext NewContext()
        {
            var options = new DbContextOptionsBuilder<TenantContext>();
            EfStores.AllowManyProviders(options);
            Use(options);
            return new(options.Options, new(Schema));
        }
    }

    internal sealed class TenantContext(DbContextOptions<TenantContext> options, TenantName tenant) : NoteContext(options)
    {
        public string? Schema => tenant.Schema;

        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            modelBuilder.HasDefaultSchema(Schema);
            base.OnModelCreating(modelBuilder);
        }
    }

    private sealed class SchemaKey : IModelCacheKeyFactory
    {
        public object Create(DbContext context, bool designTime) => (context.GetType(), (context as TenantContext)?.Schema, designTime);
    }
}
