using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>An application with a pool of contexts and a retrying strategy, whose payments are transactional.</summary>
internal sealed class ShopApp : IAsyncDisposable
{
    private readonly TestApp _app;
    private readonly string _path;

    private ShopApp(TestApp app, string path, ShopAction action) => (_app, _path, Action) = (app, path, action);

    public ShopAction Action { get; }

    public TestApp App => _app;

    /// <param name="host">The host of the action.</param>
    /// <param name="database">A database that exists; its tables are made.</param>
    /// <param name="store">The settings of the store.</param>
    /// <param name="policy">The settings of the policy, beside Transactional.</param>
    /// <param name="services">Further services.</param>
    /// <param name="pipeline">Middleware and endpoints before those of the application.</param>
    public static async Task<ShopApp> StartAsync(
        ShopHost host, Action<DbContextOptionsBuilder> database, Action<EntityFrameworkStoreOptions>? store = null,
        Action<IdempotencyOptions>? policy = null, Action<IServiceCollection>? services = null, Action<WebApplication>? pipeline = null)
    {
        var action = new ShopAction();
        await using (var context = new ShopContext(Build(database)))
            await context.Database.EnsureCreatedAsync();

        var app = await TestApp.StartAsync(
            [typeof(ShopController)],
            s =>
            {
                s.AddSingleton(action);
                s.AddDbContextPool<ShopContext>(EfStores.AllowManyProviders + database);
                s.AddIdempotency(o => o.KeyPrefix = "shop:")
                    .UseEntityFramework<ShopContext>(EfStores.BePatient + store)
                    .AddPolicy("shop", ((Action<IdempotencyOptions>)(o => o.Transactional = true)) + policy);
                services?.Invoke(s);
            },
            web =>
            {
                pipeline?.Invoke(web);
                web.MapPost("/api/payments", RunAsync).RequireIdempotency("shop");
            });
        return new(app, host is ShopHost.Mvc ? "mvc/payments" : "api/payments", action);
    }

    public Task<HttpResponseMessage> PayAsync(string key, string body = "10") => _app.PostAsync(_path, key, new StringContent(body));

    /// <summary>Pays and returns the answer as one line, as <see cref="Answers"/> makes it.</summary>
    public Task<string> AnswerAsync(string key, string body = "10") => _app.AnswerAsync(_path, key, new StringContent(body));

    /// <summary>How many keys have a row.</summary>
    public async Task<int> KeysAsync() => await InAsync(
        db => db.Database.SqlQueryRaw<int>("SELECT count(*)::int AS \"Value\" FROM idempotency_keys").SingleAsync());

    /// <summary>How many payments the database has for a key.</summary>
    public async Task<int> PaymentsAsync(string key) => await InAsync(db => db.Payments.CountAsync(payment => payment.Key == key));

    public async Task<T> InAsync<T>(Func<ShopContext, Task<T>> work)
    {
        await using var scope = _app.Services.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<ShopContext>());
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static DbContextOptions<ShopContext> Build(Action<DbContextOptionsBuilder> database)
    {
        var builder = new DbContextOptionsBuilder<ShopContext>();
        (EfStores.AllowManyProviders + database)(builder);
        return builder.Options;
    }

    [SuppressMessage("Performance", "CA1812", Justification = "Called by the endpoint.")]
    private static async Task<IResult> RunAsync(HttpContext http, ShopAction action, ShopContext db, IIdempotencyContext idempotency)
    {
        var (status, text) = await action.RunAsync(http, db, idempotency);
        return Results.Text(text, "text/plain", statusCode: status);
    }
}
