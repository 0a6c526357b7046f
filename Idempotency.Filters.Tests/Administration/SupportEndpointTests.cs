using System.Security.Claims;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using static Idempotency.Filters.Tests.Support.ClaimsFromHeader;

namespace Idempotency.Filters.Tests.Administration;

/// <summary>Calls the endpoints of docs/administration.md over HTTP.</summary>
internal sealed class SupportEndpointTests
{
    private const string Body = """{"tenant":"t7","issuer":"issuer","user":"alice","key":"k"}""";

    private static readonly string Alice = User("sub=alice tenant=t7");
    private static readonly string Support = User("sub=clerk role=support");

    [Test]
    public async Task SupportCompletesAFailedPaymentByATicket()
    {
        await using var app = await StartAsync();
        await app.AnswerAsync("/payments", "k", null, Alice);

        Assert.That(await AskAsync(app, "find"), Does.StartWith("""200 {"state":"Failed","created":"20"""));
        Assert.That(await AskAsync(app, "complete/5f0c3a5e-53a7-4b49-9f4c-1b1d7f0f6d11"), Is.EqualTo("200 Resolved"));

        Assert.That(
            await app.AnswerAsync("/payments", "k", null, Alice),
            Is.EqualTo("""201 {"id":"5f0c3a5e-53a7-4b49-9f4c-1b1d7f0f6d11"} replayed"""));
        Assert.That(await AskAsync(app, "free"), Is.EqualTo("200 AlreadyCompleted"));
    }

    [Test]
    public async Task SupportFreesAFailedPaymentByATicket()
    {
        await using var app = await StartAsync();
        await app.AnswerAsync("/payments", "k", null, Alice);

        Assert.That(await AskAsync(app, "free"), Is.EqualTo("200 Resolved"));

        Assert.That(await AskAsync(app, "find"), Is.EqualTo("404"));
        Assert.That(await app.AnswerAsync("/payments", "k", null, Alice), Is.EqualTo("200 2"));
    }

    [Test]
    public async Task OthersMayNot()
    {
        await using var app = await StartAsync();
        await app.AnswerAsync("/payments", "k", null, Alice);

        Assert.That(await app.AnswerAsync("/support/keys/free", null, Content(), Alice), Is.EqualTo("403"));
        Assert.That(await app.AnswerAsync("/payments", "k", null, Alice), Is.EqualTo("409 outcome-unknown"));
    }

    [Test]
    public async Task UserIsForgottenByItself()
    {
        await using var app = await StartAsync();
        await app.AnswerAsync("/payments", "k", null, Alice);
        await app.AnswerAsync("/payments", "k", null, User("sub=bob tenant=t7"));

        Assert.That(await app.AnswerAsync(HttpMethod.Delete, "/me", null, null, Alice), Is.EqualTo("200 1"));

        Assert.That(await AskAsync(app, "find"), Is.EqualTo("404"));
    }

    private static Task<string> AskAsync(TestApp app, string what) => app.AnswerAsync($"/support/keys/{what}", null, Content(), Support);

    private static StringContent Content() => new(Body, null, "application/json");

    private static Task<TestApp> StartAsync() => Answers.StartAsync(
        app =>
        {
            Answers.ShowErrors(app);
            app.UseAuthentication();
            app.UseAuthorization();
            app.MapPost(
                "/payments", (Runs runs) => runs.Next() is var run and > 1 ? run : throw new InvalidOperationException("after its effect"))
                .RequireIdempotency("payments");
            MapSupport(app);
        },
        services =>
        {
            AddTo(services);
            services.AddAuthorization(options => options.AddPolicy("support", policy => policy.RequireRole("support")));
            services.AddIdempotency(options =>
                {
                    options.CallerId = http => http.User.FindFirst("sub") is { } sub ? Callers.Id(sub.Issuer, sub.Value) : null;
                    options.KeyScope = http => http.User.FindFirstValue("tenant");
                })
                .AddPolicy("payments", options =>
                {
                    options.WhenFailed = FailureBehavior.Block;
                    options.WhenInterrupted = InterruptedBehavior.Block;
                });
        });

    private static void MapSupport(WebApplication app)
    {
        var support = app.MapGroup("/support/keys").RequireAuthorization("support");

        support.MapPost("/find", async (Ticket ticket, IIdempotencyAdministration keys) =>
            await keys.FindAsync(ticket.Scope, ticket.Key, "payments") is { } found
                ? Results.Ok(new { State = found.State.ToString(), found.Created })
                : Results.NotFound());

        support.MapPost("/free", async (Ticket ticket, IIdempotencyAdministration keys) =>
            (await keys.ResolveAsync(ticket.Scope, ticket.Key, IdempotencyResolution.Free, "payments")).ToString());

        support.MapPost("/complete/{paymentId}", async (Guid paymentId, Ticket ticket, IIdempotencyAdministration keys) =>
        {
            var answer = IdempotencyResolution.Completed(
                StatusCodes.Status201Created,
                new HeaderDictionary { ["Content-Type"] = "application/json; charset=utf-8", ["Location"] = $"/payments/{paymentId}" },
                JsonSerializer.SerializeToUtf8Bytes(new { Id = paymentId }, JsonSerializerOptions.Web));
            return (await keys.ResolveAsync(ticket.Scope, ticket.Key, answer, "payments")).ToString();
        });

        app.MapDelete("/me", async (ClaimsPrincipal user, IIdempotencyAdministration keys) =>
        {
            var sub = user.FindFirst("sub")!;
            var scope = IdempotencyScope.OfCaller(Callers.Id(sub.Issuer, sub.Value)).With(user.FindFirstValue("tenant"));
            return Results.Ok(await keys.ForgetAsync(scope));
        }).RequireAuthorization();
    }

    private static class Callers
    {
        public static string Id(string issuer, string subject) => $"{issuer} {subject}";
    }

    private sealed record Ticket(string Tenant, string Issuer, string User, string Key)
    {
        [JsonIgnore]
        public IdempotencyScope Scope => IdempotencyScope.OfCaller(Callers.Id(Issuer, User)).With(Tenant);
    }
}
