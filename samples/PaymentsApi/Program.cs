using Idempotency.Filters;
using Microsoft.Extensions.DependencyInjection.Extensions;
using PaymentsApi;
using PaymentsApi.OpenApi;
using PaymentsApi.Payments;
using PaymentsApi.Tips;

// Read the settings next to the program, whatever folder it is started from.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
if (!SampleSettings.TryRead(builder.Configuration, out var settings, out var problem))
{
    Console.Error.WriteLine(problem);
    return 1;
}

settings.UseStore(builder.Services
    .AddIdempotency(options =>
    {
        // Set once: a rename of the application must not make open keys new.
        options.KeyPrefix = "payments-api:";

        // The sample has no users, so everybody may see every answer.
        options.AnonymousCallers = AnonymousCallers.Allow;
    })
    // With a database, a payment and the record of its answer are committed together, or neither is.
    .AddPolicy("payments", options => options.Transactional = settings.HasDatabase)
    .AddPolicy("checkout", options =>
    {
        options.Transactional = settings.HasDatabase;
        // A browser form cannot send the header, so the key is in a form field. The browser shows the answer to the second press, so that
        // press must wait for the receipt instead of getting a 409.
        options.KeySources = [KeySource.FormField()];
        options.WhenInFlight = InFlightBehavior.Wait;
        // A visitor reads a page, not problem details. This one is worth words of the shop's own.
        options.OnRejected = rejected =>
        {
            if (rejected is { PrefersHtml: true, Code: "key-reused" })
            {
                rejected.ProblemDetails.Title = "This order is paid already";
                rejected.ProblemDetails.Detail = "What you changed afterwards was not paid. Open the checkout again for another payment.";
            }

            return ValueTask.CompletedTask;
        };
    }));
builder.Services.AddControllers();
builder.Services.AddRazorPages();
builder.Services.AddValidation();
builder.Services.AddProblemDetails();
builder.Services.AddOpenApi(options => options.AddOperationTransformer(IdempotencyKeyHeader.DescribeMarkedAsync));

builder.Services.AddSingleton(settings);
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.TryAddSingleton<ILedger, MemoryLedger>();
builder.Services.AddSingleton<TipJar>();
builder.Services.AddSingleton<PaymentGateway>();

var app = builder.Build();
await app.Services.CreateTablesAsync();
app.UseExceptionHandler();
app.UseStatusCodePages();
app.UseStaticFiles();
app.MapOpenApi();
app.MapControllers();
app.MapTips();
app.MapRazorPages();
app.MapGet("/", () => TypedResults.Redirect("/checkout")).ExcludeFromDescription();
await app.RunAsync();
return 0;
