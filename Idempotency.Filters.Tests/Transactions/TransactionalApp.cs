using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Transactions;

/// <summary>One action under a transactional policy, at each of two hosts, over a store that notes what it is asked to do.</summary>
internal sealed class TransactionalApp : IAsyncDisposable
{
    private TransactionalApp(TestApp app, TransactionalStore store, ConcurrentQueue<Exception> thrown) =>
        (App, Store, Thrown) = (app, store, thrown);

    public TestApp App { get; }

    public TransactionalStore Store { get; }

    /// <summary>What the hosts let flow on.</summary>
    public ConcurrentQueue<Exception> Thrown { get; }

    public int Runs => App.Runs();

    /// <param name="action">Gets the request and the number of the run.</param>
    /// <param name="options">Settings beside <c>Transactional</c>.</param>
    /// <param name="store">The store; null = a new one.</param>
    /// <param name="outside">Middleware around both hosts.</param>
    public static async Task<TransactionalApp> StartAsync(
        Func<HttpContext, int, Task>? action = null,
        Action<IdempotencyOptions>? options = null,
        TransactionalStore? store = null,
        Func<HttpContext, RequestDelegate, Task>? outside = null)
    {
        store ??= new();
        var thrown = new ConcurrentQueue<Exception>();
        var actions = new Actions(action ?? AnswerAsync);
        var app = await Answers.StartAsync(
            [typeof(TransactionalController)],
            services => services.AddSingleton(actions)
                .AddIdempotency(o =>
                {
                    o.Transactional = true;
                    options?.Invoke(o);
                })
                .UseStore((_, _) => store),
            pipeline =>
            {
                pipeline.Use(async (http, next) =>
                {
                    try
                    {
                        await next(http);
                    }
                    catch (Exception exception)
                    {
                        thrown.Enqueue(exception);
                        http.Response.StatusCode = StatusCodes.Status500InternalServerError;
                    }
                });
                if (outside is not null)
                    pipeline.Use(outside);
                pipeline.UseRouting();
                pipeline.MapPost("/endpoint", (HttpContext http, Runs runs) => actions.Act(http, runs.Next())).RequireIdempotency();
                pipeline.MapPost("/endpoint/manual", [IdempotencyManual] (HttpContext http, Runs runs) => actions.Act(http, runs.Next()))
                    .RequireIdempotency();
            });
        return new(app, store, thrown);
    }

    /// <summary>Answers 201 with the number of the run.</summary>
    public static Task AnswerAsync(HttpContext http, int run)
    {
        http.Response.StatusCode = StatusCodes.Status201Created;
        http.Response.Headers["X-Own"] = "1";
        return http.Response.WriteAsync($"run {run}");
    }

    public static IIdempotencyContext ContextOf(HttpContext http) => http.RequestServices.GetRequiredService<IIdempotencyContext>();

    public Task<HttpResponseMessage> PostAsync(string path, string key = "k", HttpContent? content = null) =>
        App.PostAsync(path, key, content).Soon();

    public Task<string> AnswerAsync(string path, string key = "k") => App.AnswerAsync(path, key);

    /// <summary>Waits until every request is done, and says what the store was asked to do.</summary>
    public async Task<string> CallsAsync()
    {
        await App.FinishAsync();
        return Store.Calls;
    }

    public ValueTask DisposeAsync() => App.DisposeAsync();
}

public sealed class Actions(Func<HttpContext, int, Task> act)
{
    public Func<HttpContext, int, Task> Act { get; } = act;
}

[ApiController]
public sealed class TransactionalController(Actions actions, Runs runs) : ControllerBase
{
    [HttpPost("mvc"), Idempotent]
    public Task Post() => actions.Act(HttpContext, runs.Next());

    [HttpPost("mvc/manual"), IdempotencyManual]
    public Task Manual() => actions.Act(HttpContext, runs.Next());
}
