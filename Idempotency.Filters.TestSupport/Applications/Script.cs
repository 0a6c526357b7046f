using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Idempotency.Filters.TestSupport;

/// <summary>What the covered action of a test does, and how often it ran. By default, each run answers 201 with its own number.</summary>
public sealed class Script
{
    private readonly Func<HttpContext, int, Task<IActionResult>> _act;
    private int _runs;

    public Script() => _act = (_, run) => Task.FromResult(Answer(run));

    public Script(Func<HttpContext, int, Task<IActionResult>> act) => _act = act;

    public Script(Func<HttpContext, int, IActionResult> act) => _act = (http, run) => Task.FromResult(act(http, run));

    public int Runs => Volatile.Read(ref _runs);

    public static IActionResult Answer(int run, int status = StatusCodes.Status201Created) =>
        new ObjectResult(new { run }) { StatusCode = status };

    public Task<IActionResult> RunAsync(HttpContext http) => _act(http, Interlocked.Increment(ref _runs));

    /// <summary>Starts an application in which <typeparamref name="TController"/> gets this script.</summary>
    internal Task<TestApp> StartAsync<TController>(
        Action<IdempotencyOptions>? options = null,
        TimeProvider? clock = null,
        IIdempotencyStore? store = null,
        Action<IServiceCollection>? services = null,
        Action<WebApplication>? pipeline = null,
        Action<WebApplicationBuilder>? server = null) =>
        TestApp.StartAsync(
            [typeof(TController)],
            all =>
            {
                all.AddSingleton(this);
                if (clock is not null)
                    all.Replace(ServiceDescriptor.Singleton(clock));
                var idempotency = all.AddIdempotency(options);
                if (store is not null)
                    idempotency.UseStore((_, _) => store);
                services?.Invoke(all);
            },
            pipeline,
            server);
}
