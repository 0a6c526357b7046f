using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Wolverine;
using Wolverine.EntityFrameworkCore;
using Wolverine.Postgresql;
using Wolverine.Transports.Tcp;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Neighbours;

/// <summary>An outbox of another library, whose rows are written on the context of the request, is in its transaction.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal sealed class OutboxTests
{
    private string _database = null!;
    private TestApp _app = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _database = await Databases.PostgresAsync();
        var tables = new DbContextOptionsBuilder<OutboxContext>().UseNpgsql(_database);
        EfStores.AllowManyProviders(tables);
        await using (var context = new OutboxContext(tables.Options))
            await context.Database.EnsureCreatedAsync();
        _app = await TestApp.StartAsync(
            [],
            services =>
            {
                services.AddDbContextWithWolverineIntegration<OutboxContext>(
                    o => o.UseNpgsql(_database, npgsql => npgsql.EnableRetryOnFailure()));
                services.ConfigureDbContext<OutboxContext>(EfStores.AllowManyProviders);
                services.AddIdempotency(o => o.KeyPrefix = "outbox:").UseEntityFramework<OutboxContext>(EfStores.BePatient)
                    .AddPolicy("outbox", o => o.Transactional = true);
                services.AddSingleton<Outcome>();
            },
            app =>
            {
                Answers.ShowErrors(app);
                app.MapPost("/notes", NoteAsync).RequireIdempotency("outbox");
                app.MapPost("/flushed", FlushAsync).RequireIdempotency("outbox");
            },
            builder => builder.Host.UseWolverine(options =>
            {
                options.ApplicationAssembly = typeof(OutboxTests).Assembly;
                options.Durability.Mode = DurabilityMode.Solo;
                options.PersistMessagesWithPostgresql(_database, "wolverine");
                options.UseEntityFrameworkCoreTransactions();
                // Nobody listens there, so what is in the outbox stays.
                options.PublishMessage<NoteWritten>().ToPort(1).UseDurableOutbox();
                options.UseRuntimeCompilation();
            }));
    }

    [TearDown]
    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Test]
    public async Task EnvelopeIsCommittedWithTheRowAndTheRecord()
    {
        Assert.That(await _app.AnswerAsync("/notes", "a", new StringContent("x")), Is.EqualTo("201 noted"));
        Assert.That(await _app.AnswerAsync("/notes", "a", new StringContent("x")), Is.EqualTo("201 noted replayed"));

        Assert.That(await CountAsync("\"Notes\""), Is.EqualTo(1));
        Assert.That(await CountAsync("wolverine.wolverine_outgoing_envelopes"), Is.EqualTo(1));
        Assert.That(await CountAsync("idempotency_keys"), Is.EqualTo(1));
    }

    [Test]
    public async Task EnvelopeIsGoneAfterARollback()
    {
        _app.Services.GetRequiredService<Outcome>().Fails = true;
        Assert.That(await _app.AnswerAsync("/notes", "a", new StringContent("x")), Is.EqualTo("500 after the note"));

        Assert.That(await CountAsync("\"Notes\""), Is.Zero);
        Assert.That(await CountAsync("wolverine.wolverine_outgoing_envelopes"), Is.Zero);
        Assert.That(await CountAsync("idempotency_keys"), Is.Zero);
    }

    [Test]
    public async Task OutboxThatCommitsByItselfIsRefusedBeforeItDoes()
    {
        var answer = await _app.AnswerAsync("/flushed", "a", new StringContent("x"));

        Assert.That(answer, Does.StartWith("500 The action ended the transaction"));

        Assert.That(await CountAsync("\"Notes\""), Is.Zero);
        Assert.That(await CountAsync("wolverine.wolverine_outgoing_envelopes"), Is.Zero);
        Assert.That(await CountAsync("idempotency_keys"), Is.Zero);
    }

    private static async Task<IResult> NoteAsync(OutboxContext db, IDbContextOutbox outbox, Outcome outcome)
    {
        outbox.Enroll(db);
        var note = new Note { Text = "noted" };
        db.Add(note);
        await outbox.PublishAsync(new NoteWritten(note.Id));
        await db.SaveChangesAsync();
        return outcome.Fails ? throw new InvalidOperationException("after the note") : Results.Text("noted", statusCode: 201);
    }

    private static async Task<IResult> FlushAsync(OutboxContext db, IDbContextOutbox outbox)
    {
        outbox.Enroll(db);
        var note = new Note { Text = "noted" };
        db.Add(note);
        await outbox.PublishAsync(new NoteWritten(note.Id));
        await outbox.SaveChangesAndFlushMessagesAsync();
        return Results.Text("noted", statusCode: 201);
    }

    private async Task<int> CountAsync(string table)
    {
        var sql = $"SELECT count(*)::int AS \"Value\" FROM {table}";
        await using var scope = _app.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<OutboxContext>().Database.SqlQueryRaw<int>(sql).SingleAsync();
    }

    internal sealed class OutboxContext(DbContextOptions<OutboxContext> options) : NoteContext(options);

    public sealed record NoteWritten(Guid Id);

    internal sealed class Outcome
    {
        public bool Fails { get; set; }
    }
}
