using Idempotency.Filters;
using Idempotency.Filters.TestWorker;
using Microsoft.Extensions.Logging.Console;

// One process of an application, for the tests to load, stop and kill. Standard output: the address, then what actions do, a line each;
// what was written there survives the process. Standard error: the log.
var builder = WebApplication.CreateEmptyBuilder(new() { Args = args, EnvironmentName = Environments.Production });
builder.Configuration.AddCommandLine(args);
var settings = builder.Configuration.Get<WorkerSettings>()!;

builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
builder.Logging.SetMinimumLevel(LogLevel.Warning)
    .AddSimpleConsole(console => (console.SingleLine, console.ColorBehavior) = (true, LoggerColorBehavior.Disabled));
builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
builder.Services.AddSingleton<TimeProvider>(new ShiftedTimeProvider(settings.ClockShift));
builder.Services.AddRouting();
builder.Services.AddControllers();
builder.Services
    .AddIdempotency(options => (options.KeyPrefix, options.Lease, options.WhenInterrupted) =
        ("idempotency:", settings.Lease, settings.WhenInterrupted))
    .AddPolicy("wait", options => options.WhenInFlight = InFlightBehavior.Wait)
    // A busy machine may not answer at once; what it means for a start is tested without processes.
    .UseRedis(settings.Redis, options => (options.OperationTimeout, options.RequireServerAtStart) = (settings.OperationTimeout, false));

var app = builder.Build();
app.MapControllers();
await app.StartAsync();
Console.WriteLine(app.Urls.First());
await app.WaitForShutdownAsync();
