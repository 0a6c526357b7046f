using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Neighbours;

/// <summary>The ways in which applications register and configure their contexts.</summary>
[TestFixture(ClaimMode.Lock, true)]
[TestFixture(ClaimMode.Row, true)]
[TestFixture(ClaimMode.Automatic, false)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal sealed class RegistrationTests(ClaimMode mode, bool transactional)
{
    private string _database = null!;

    [SetUp]
    public async Task MakeDatabaseAsync()
    {
        _database = await Databases.PostgresAsync();
        var options = new DbContextOptionsBuilder<RegisteredContext>().UseNpgsql(_database);
        EfStores.AllowManyProviders(options);
        await using var context = new RegisteredContext(options.Options);
        await context.Database.EnsureCreatedAsync();
    }

    [Test]
    public Task Scoped() => ShowAsync(s => s.AddDbContext<RegisteredContext>(o => o.UseNpgsql(_database)));

    [Test]
    public Task Pooled() => ShowAsync(s => s.AddDbContextPool<RegisteredContext>(o => o.UseNpgsql(_database)));

    [Test]
    public Task Factory() => ShowAsync(s => s.AddDbContextFactory<RegisteredContext>(o => o.UseNpgsql(_database)));

    [Test]
    public Task PooledFactoryAndScope() => ShowAsync(s =>
    {
        s.AddPooledDbContextFactory<RegisteredContext>(o => o.UseNpgsql(_database));
        s.AddScoped(provider => provider.GetRequiredService<IDbContextFactory<RegisteredContext>>().CreateDbContext());
    });

    [Test]
    public Task MadeByTheApplication() => ShowAsync(s => s.AddScoped(_ => new RegisteredContext(OptionsOf(guarded: true))));

    [Test]
    public async Task MadeByTheApplicationWithoutGuards()
    {
        Action<IServiceCollection> register = s => s.AddScoped(_ => new RegisteredContext(OptionsOf(guarded: false)));

        if (!transactional)
            await ShowAsync(register);
        else
            Assert.That(() => ShowAsync(register), Throws.Exception.With.Message.Contains("AddIdempotencyInterceptors()"));
    }

    [Test]
    public async Task ConfiguredByItself()
    {
        await using var app = await StartAsync<SelfConfiguredContext>(s =>
        {
            s.AddSingleton(new Connection(_database));
            s.AddDbContext<SelfConfiguredContext>();
        });
        await ShowAsync(app);
    }

    [Test]
    public Task DataSourceOfTheApplication() => ShowAsync(s =>
    {
        s.AddSingleton(NpgsqlDataSource.Create(_database));
        s.AddDbContext<RegisteredContext>((provider, o) => o.UseNpgsql(provider.GetRequiredService<NpgsqlDataSource>()));
    });

    [Test]
    public Task DataSourceThatTheProviderFinds() => ShowAsync(s =>
    {
        s.AddSingleton(NpgsqlDataSource.Create(_database));
        s.AddDbContextPool<RegisteredContext>(o => o.UseNpgsql());
    });

    [Test]
    public Task RetryingStrategyOfTheProvider() =>
        ShowAsync(s => s.AddDbContext<RegisteredContext>(o => o.UseNpgsql(_database, n => n.EnableRetryOnFailure())));

    [Test]
    public async Task StrategyThatRetriesEverythingDoesNotRunTheActionAgain()
    {
        await using var app = await StartAsync<RegisteredContext>(
            s => s.AddDbContext<RegisteredContext>(o => o.UseNpgsql(_database, n => n.ExecutionStrategy(d => new StubbornStrategy(d)))));
        await ShowAsync(app);
        app.AndThen = (_, _) => throw new InvalidOperationException("after the note");

        Assert.That(await app.App.AnswerAsync("notes", "b"), Is.EqualTo("500 after the note"));
        Assert.That(app.Runs, Is.EqualTo(2));
    }

    [Test]
    public async Task InterceptorsOfTheApplicationHearOfItsTransactionAndNotOfOurStatements()
    {
        var heard = new Recorder();
        await using var app = await StartAsync<RegisteredContext>(
            s => s.AddDbContext<RegisteredContext>(o => o.UseNpgsql(_database).AddInterceptors(heard)));
        await ShowAsync(app);

        Assert.That(heard.Commands.Where(command => command.Contains("idempotency_keys", StringComparison.Ordinal)), Is.Empty);
        Assert.That(heard.Commands, Has.Some.Contains("INSERT INTO \"Notes\""));
        if (transactional)
            Assert.That(heard.Committed, Is.EqualTo(1));
    }

    [Test]
    public async Task InterceptorOfConnectionsPreparesOursToo()
    {
        // As with row-level security, or tokens of short life.
        var prepared = new ConnectionPreparer();
        await using var app = await StartAsync<RegisteredContext>(
            s => s.AddDbContext<RegisteredContext>(o => o.UseNpgsql(_database + ";Username=nobody").AddInterceptors(prepared)));
        await ShowAsync(app);
    }

    private DbContextOptions<RegisteredContext> OptionsOf(bool guarded)
    {
        var options = new DbContextOptionsBuilder<RegisteredContext>();
        EfStores.AllowManyProviders(options);
        options.UseNpgsql(_database);
        if (guarded)
            options.AddIdempotencyInterceptors();
        return options.Options;
    }

    private async Task ShowAsync(Action<IServiceCollection> register)
    {
        await using var app = await StartAsync<RegisteredContext>(register);
        await ShowAsync(app);
    }

    private static async Task ShowAsync(NoteApp app)
    {
        var first = await app.App.AnswerAsync("notes", "a");
        Assert.That(first, Does.StartWith("201 "));
        // Contexts that come from a pool again, and connections that were in a transaction.
        for (var number = 0; number < 5; number++)
            Assert.That(await app.App.AnswerAsync("notes", "a"), Is.EqualTo(first + " replayed"));
        Assert.That(app.Runs, Is.EqualTo(1));
    }

    private Task<NoteApp> StartAsync<TContext>(Action<IServiceCollection> register)
        where TContext : NoteContext =>
        NoteApp.StartAsync<TContext>(register, store => store.Claim = mode, o => o.Transactional = transactional);

    internal sealed class RegisteredContext(DbContextOptions<RegisteredContext> options) : NoteContext(options);

    internal sealed record Connection(string Text);

    internal sealed class SelfConfiguredContext(DbContextOptions<SelfConfiguredContext> options, Connection connection)
        : NoteContext(options)
    {
        protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) => optionsBuilder.UseNpgsql(connection.Text);
    }

    private sealed class StubbornStrategy(ExecutionStrategyDependencies dependencies)
        : ExecutionStrategy(dependencies, maxRetryCount: 5, maxRetryDelay: TimeSpan.FromMilliseconds(10))
    {
        protected override bool ShouldRetryOn(Exception exception) => true;
    }

    private sealed class ConnectionPreparer : DbConnectionInterceptor
    {
        public override InterceptionResult ConnectionOpening(
            DbConnection connection, ConnectionEventData eventData, InterceptionResult result)
        {
            Prepare(connection);
            return result;
        }

        public override ValueTask<InterceptionResult> ConnectionOpeningAsync(
            DbConnection connection, ConnectionEventData eventData, InterceptionResult result,
            CancellationToken cancellationToken = default)
        {
            Prepare(connection);
            return new(result);
        }

        private static void Prepare(DbConnection connection) => connection.ConnectionString =
            new NpgsqlConnectionStringBuilder(connection.ConnectionString) { Username = "postgres" }.ConnectionString;
    }

    private sealed class Recorder : DbCommandInterceptor, IDbTransactionInterceptor
    {
        private int _committed;

        public System.Collections.Concurrent.ConcurrentQueue<string> Commands { get; } = [];

        public int Committed => _committed;

        public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result,
            CancellationToken cancellationToken = default)
        {
            Commands.Enqueue(command.CommandText);
            return new(result);
        }

        public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
        {
            Commands.Enqueue(command.CommandText);
            return new(result);
        }

        public Task TransactionCommittedAsync(
            DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            // That of SaveChanges alone is none of a unit of work.
            Interlocked.Increment(ref _committed);
            return Task.CompletedTask;
        }
    }
}
