using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Idempotency.Filters.Benchmarks.Server;

/// <summary>The measured applications, on Kestrel. They log nothing, so that the price of writing logs is not part of any figure.</summary>
internal static class BenchmarkApp
{
    /// <summary>Fixed, so that keys are as long on every machine.</summary>
    public const string KeyPrefix = "idempotency:";

    /// <param name="store">What keeps the records.</param>
    /// <param name="redis">The connection that it needs, if it needs one.</param>
    /// <param name="optOut">Whether the filter is global: then only its exempt actions are measured.</param>
    public static async Task<WebApplication> StartAsync(StoreKind store, IConnectionMultiplexer? redis, bool optOut)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.WebHost.UseKestrel(kestrel => kestrel.Limits.KeepAliveTimeout = TimeSpan.FromHours(1)).UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddRouting();
        builder.Services.AddControllers(options =>
        {
            if (optOut)
                options.Filters.Add<IdempotencyFilter>();
        });

        var idempotency = builder.Services.AddIdempotency(options => options.KeyPrefix = KeyPrefix)
            .AddPolicy(Policies.ShortLived, options => options.Retention = options.Lease = store.ShortLife)
            .AddPolicy(Policies.Waiting, options =>
            {
                (options.WhenInFlight, options.WaitTimeout) = (InFlightBehavior.Wait, TimeSpan.FromMinutes(10));
                // Asked for just before the claim: the one place to see a waiter arrive.
                options.CallerId = _ =>
                {
                    Gate.Arrive();
                    return null;
                };
            });
        if (redis is not null)
            builder.Services.AddSingleton(redis);
        store.Use(idempotency);

        var app = builder.Build();
        app.MapControllers();
        app.MapPost(Paths.MinimalBare, Create);
        app.MapPost(Paths.MinimalFirst, Create).RequireIdempotency(Policies.ShortLived);
        app.MapPost(Paths.MinimalReplay, Create).RequireIdempotency();
        await app.StartAsync();
        return app;
    }

    private static Created<Payment> Create(CreatePayment command) => TypedResults.Created("/payments/1", Payment.Of(command));
}
