using Idempotency.Filters.Benchmarks.Server;
using Idempotency.Filters.Benchmarks.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Benchmarks.Attack;

/// <summary>The measured process: a small answer and a large one over Redis, with the settings that the store has by itself.</summary>
internal static class AttackApp
{
    public const string Name = "attack-server";
    public const string Payments = "/payments";
    public const string Receipts = "/receipts";
    public const string Reports = "/reports";

    private static readonly byte[] Receipt = new byte[512];
    private static readonly byte[] Report = new byte[1_000_000];

    /// <param name="address">Of Redis.</param>
    /// <param name="isProtected">Whether records are encrypted, so that only whole ones can be read.</param>
    public static async Task RunAsync(string address, bool isProtected)
    {
        await using var app = await StartAsync(address, isProtected);
        await ChildProcess.ServeAsync(line => Task.FromResult<object>(line switch
        {
            "port" => new Uri(app.Urls.First()).Port,
            "settle" => Sample.Settle(),
            _ => throw new InvalidOperationException($"'{line}' is no command."),
        }));
    }

    private static async Task<WebApplication> StartAsync(string address, bool isProtected)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.WebHost.UseKestrel(kestrel => kestrel.Limits.KeepAliveTimeout = TimeSpan.FromHours(1)).UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddRouting();
        var idempotency = builder.Services
            .AddIdempotency(options => (options.KeyPrefix, options.Retention) = (BenchmarkApp.KeyPrefix, TimeSpan.FromMinutes(10)))
            .UseRedis(address);
        if (isProtected)
        {
            builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
            idempotency.ProtectRecords();
        }

        var app = builder.Build();
        app.MapPost(Payments, (CreatePayment command) => TypedResults.Created("/payments/1", Payment.Of(command))).RequireIdempotency();
        app.MapPost(Receipts, (CreatePayment _) => TypedResults.Bytes(Receipt)).RequireIdempotency();
        app.MapPost(Reports, (CreatePayment _) => TypedResults.Bytes(Report)).RequireIdempotency();
        await app.StartAsync();
        return app;
    }
}
