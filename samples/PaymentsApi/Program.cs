using PaymentsApi;
using PaymentsApi.OpenApi;
using PaymentsApi.Payments;
using PaymentsApi.Tips;

// The settings stand beside the program, wherever it is started from.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
if (!SampleSettings.TryRead(builder.Configuration, out var settings, out var problem))
{
    Console.Error.WriteLine(problem);
    return 1;
}

settings.UseStore(builder.Services.AddIdempotency());
builder.Services.AddControllers();
builder.Services.AddValidation();
builder.Services.AddProblemDetails();
builder.Services.AddOpenApi(options => options.AddOperationTransformer(IdempotencyKeyHeader.DescribeMarkedAsync));

builder.Services.AddSingleton(settings);
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton<Ledger>();
builder.Services.AddSingleton<TipJar>();
builder.Services.AddSingleton<PaymentGateway>();

var app = builder.Build();
app.UseExceptionHandler();
app.UseStatusCodePages();
app.MapOpenApi();
app.MapControllers();
app.MapTips();
app.Run();
return 0;
