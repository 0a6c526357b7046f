using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Neighbours;

/// <summary>An application that registers its context as a test wants it, with one endpoint that writes a note.</summary>
internal sealed class NoteApp : IAsyncDisposable
{
    private readonly TestApp _app;
    private int _runs;

    private NoteApp(TestApp app) => _app = app;

    public TestApp App => _app;

    public IServiceProvider Services => _app.Services;

    /// <summary>How often an action began.</summary>
    public int Runs => _runs;

    /// <summary>What the action does with the context after it has saved.</summary>
    public Func<HttpContext, NoteContext, Task> AndThen { get; set; } = (_, _) => Task.CompletedTask;

    /// <param name="services">Registers the context.</param>
    /// <param name="store">The settings of the store.</param>
    /// <param name="policy">The settings of the policy.</param>
    /// <param name="pipeline">Further middleware and endpoints.</param>
    /// <param name="options">The settings of all policies.</param>
    public static async Task<NoteApp> StartAsync<TContext>(
        Action<IServiceCollection> services, Action<EntityFrameworkStoreOptions>? store = null, Action<IdempotencyOptions>? policy = null,
        Action<WebApplication>? pipeline = null, Action<IdempotencyOptions>? options = null)
        where TContext : NoteContext
    {
        NoteApp? self = null;
        var app = await TestApp.StartAsync(
            [],
            s =>
            {
                services(s);
                s.ConfigureDbContext<TContext>(EfStores.AllowManyProviders);
                s.AddIdempotency(((Action<IdempotencyOptions>)(o => o.KeyPrefix = "notes:")) + options)
                    .UseEntityFramework<TContext>(EfStores.BePatient + store)
                    .AddPolicy("notes", policy ?? (_ => { }));
            },
            web =>
            {
                Answers.ShowErrors(web);
                pipeline?.Invoke(web);
                web.MapPost("/notes", async (HttpContext http, IIdempotencyContext idempotency) =>
                {
                    var db = http.RequestServices.GetRequiredService<TContext>();
                    Interlocked.Increment(ref self!._runs);
                    var note = new Note { Text = idempotency.Key! };
                    db.Add(note);
                    await db.SaveChangesAsync();
                    await self.AndThen(http, db);
                    return Results.Text(note.Id.ToString(), "text/plain", statusCode: StatusCodes.Status201Created);
                }).RequireIdempotency("notes");
            });
        return self = new(app);
    }

    public Task<HttpResponseMessage> NoteAsync(string key) => _app.PostAsync("notes", key, new StringContent("note"));

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
