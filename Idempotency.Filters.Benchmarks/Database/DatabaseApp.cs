using Idempotency.Filters.Benchmarks.Server;
using Idempotency.Filters.Benchmarks.Support;
using Idempotency.Filters.EntityFrameworkCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Benchmarks.Database;

/// <summary>The measured process: one action that inserts one row, bare and in each transactional way.</summary>
internal static class DatabaseApp
{
    public const string Name = "database-server";
    public const string Bare = "/bare";
    public const string BareTransaction = "/bare-transaction";
    public const string Lock = "/lock";
    public const string Row = "/row";

    public static async Task RunAsync(string connectionString)
    {
        await using var app = await StartAsync(connectionString);
        await ChildProcess.ServeAsync(line => Task.FromResult<object>(line switch
        {
            "port" => new Uri(app.Urls.First()).Port,
            "settle" => Sample.Settle(),
            "sample" => Sample.Take(),
            _ => throw new InvalidOperationException($"'{line}' is no command."),
        }));
    }

    public static void Use(IServiceCollection services, string connectionString, ClaimMode claim, TimeSpan retention)
    {
        services.AddDbContextPool<PaymentsContext>(options => options.UseNpgsql(connectionString));
        services.AddIdempotency(options => (options.KeyPrefix, options.Retention, options.Lease) =
                (BenchmarkApp.KeyPrefix, retention, TimeSpan.FromSeconds(10)))
            .UseEntityFramework<PaymentsContext>(Patient(claim))
            .AddStore("row", store => store.UseEntityFramework<PaymentsContext>(Patient(ClaimMode.Row)))
            .AddPolicy("lock", options => options.Transactional = true)
            .AddPolicy("row", options => (options.Transactional, options.StoreName) = (true, "row"));
    }

    private static Action<EntityFrameworkStoreOptions> Patient(ClaimMode claim) => options =>
        (options.Claim, options.OperationTimeout, options.CleanupInterval) = (claim, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1));

    private static async Task<WebApplication> StartAsync(string connectionString)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.WebHost.UseKestrel(kestrel => kestrel.Limits.KeepAliveTimeout = TimeSpan.FromHours(1)).UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddRouting();
        Use(builder.Services, connectionString, ClaimMode.Lock, TimeSpan.FromHours(1));

        var app = builder.Build();
        await using (var scope = app.Services.CreateAsyncScope())
            await scope.ServiceProvider.GetRequiredService<PaymentsContext>().Database.EnsureCreatedAsync();
        app.MapPost(Bare, PayAsync);
        app.MapPost(BareTransaction, PayInTransactionAsync);
        app.MapPost(Lock, PayAsync).RequireIdempotency("lock");
        app.MapPost(Row, PayAsync).RequireIdempotency("row");
        await app.StartAsync();
        return app;
    }

    private static async Task<IResult> PayAsync(CreatePayment command, PaymentsContext db)
    {
        var payment = Payment.Of(command);
        db.Add(new PaymentRow { Amount = payment.Amount, Reference = payment.Reference });
        await db.SaveChangesAsync();
        return TypedResults.Created("/payments/1", payment);
    }

    private static async Task<IResult> PayInTransactionAsync(CreatePayment command, PaymentsContext db)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        var result = await PayAsync(command, db);
        await transaction.CommitAsync();
        return result;
    }
}
