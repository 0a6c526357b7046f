using Idempotency.Filters;
using Idempotency.Filters.CampaignWorker;
using Idempotency.Filters.CampaignWorker.Effects;
using Idempotency.Filters.CampaignWorker.History;
using Idempotency.Filters.CampaignWorker.Stores;
using Microsoft.Extensions.Logging.Console;

// One process of an application, for the campaign to load and to kill. Standard output: the address. Standard error: the log. What it does
// is in its history.
var builder = WebApplication.CreateEmptyBuilder(new() { Args = args, EnvironmentName = Environments.Production });
builder.Configuration.AddCommandLine(args);
var settings = builder.Configuration.Get<WorkerSettings>()!;

builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
builder.Logging.SetMinimumLevel(LogLevel.Warning)
    .AddSimpleConsole(console => (console.SingleLine, console.ColorBehavior) = (true, LoggerColorBehavior.Disabled));
builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
builder.Services.AddRouting();
builder.Services.AddControllers();
builder.Services.AddHttpContextAccessor();
builder.Services.AddSingleton(settings).AddSingleton(new HistoryFile(settings.History));
builder.Services.AddSingleton<CrashPoints>().AddScoped<Payments>();
builder.Services
    .AddIdempotency(options =>
    {
        (options.KeyPrefix, options.AnonymousCallers) = ("campaign:", AnonymousCallers.Allow);
        (options.Lease, options.WhenInterrupted, options.Transactional) =
            (settings.Lease, settings.WhenInterrupted, settings.IsTransactional);
    })
    .Use(settings);

var app = builder.Build();
if (settings.MakeTables)
{
    await using var scope = app.Services.CreateAsyncScope();
    await scope.ServiceProvider.GetRequiredService<ShopContext>().Database.EnsureCreatedAsync();
    return;
}

var points = app.Services.GetRequiredService<CrashPoints>();
app.Use((http, next) =>
{
    // Registered outside of the run, so it is called when the record is written and the answer is about to leave.
    http.Response.OnStarting(() =>
    {
        if (http.Response.StatusCode == StatusCodes.Status200OK)
            points.Reach(CrashPoint.BeforeSend, http);
        return Task.CompletedTask;
    });
    return next(http);
});
app.MapControllers();
app.MapPost("/minimal", (int ms, Payments payments) => payments.PayAsync(ms)).RequireIdempotency();
// Nothing protects it: what it does twice, the checker of histories must find.
app.MapPost("/unprotected", (int ms, Payments payments) => payments.PayAsync(ms));
await app.StartAsync();
Console.WriteLine(app.Urls.First());
await app.WaitForShutdownAsync();
