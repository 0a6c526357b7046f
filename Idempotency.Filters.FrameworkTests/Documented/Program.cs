using Idempotency.Filters.FrameworkTests.Documented;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

// The application of DocumentTests. A test host does not run this; the program that writes OpenAPI documents does.
var builder = WebApplication.CreateBuilder(args);
builder.Services.AddOpenApi();
var idempotency = builder.Services.AddIdempotency(options => options.KeyPrefix = "documented:");
var place = builder.Configuration["PLACE"]!;
if (builder.Configuration["STORE"] is "redis")
    idempotency.UseRedis(place);
else
    idempotency.UsePostgres(place);

var app = builder.Build();
app.MapOpenApi();
app.MapPost("/payments", () => "paid").RequireIdempotency();
await app.RunAsync();
