using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters.Tests.Hosting.Endpoints;

/// <summary>Minimal API endpoints and groups.</summary>
internal sealed class MinimalApiTests
{
    [Test]
    public async Task EndpointRunsOnce()
    {
        await using var app = await Answers.StartAsync(app => app.MapPost("/tips", (Runs runs) => runs.Next()).RequireIdempotency());

        Assert.That(await app.AnswerAsync("/tips", null), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync("/tips", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/tips", "k"), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task EndpointWithoutTheCallIsNotCovered()
    {
        await using var app = await Answers.StartAsync(app => app.MapPost("/tips", (Runs runs) => runs.Next()));

        Assert.That(await app.AnswerAsync("/tips", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/tips", "k"), Is.EqualTo("200 2"));
    }

    [Test]
    public async Task GroupCoversItsCoveredMethodsAndLetsGetThrough()
    {
        await using var app = await Answers.StartAsync(app =>
        {
            var group = app.MapGroup("/g").RequireIdempotency();
            group.MapPost("/", (Runs runs) => runs.Next());
            group.MapGet("/", (Runs runs) => runs.Next());
        });

        Assert.That(await app.AnswerAsync("/g", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/g", "k"), Is.EqualTo("200 1 replayed"));
        Assert.That(await app.AnswerAsync(HttpMethod.Get, "/g", null), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync(HttpMethod.Get, "/g", "k"), Is.EqualTo("200 3"));
    }

    [Test]
    public async Task GroupAndEndpointRunTheHandlerOnceUnderTheEndpointsPolicy()
    {
        await using var app = await Answers.StartAsync(
            app => app.MapGroup("/g").RequireIdempotency("far").MapPost("/", (Runs runs) => runs.Next()).RequireIdempotency("near"),
            Policies);

        Assert.That(await app.AnswerAsync("/g", null), Is.EqualTo("461 key-missing"));
        Assert.That(await app.AnswerAsync("/g", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/g", "k"), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task InnerGroupWinsOverOuterGroup()
    {
        await using var app = await Answers.StartAsync(
            app => app.MapGroup("/g").RequireIdempotency("far").MapGroup("/h").RequireIdempotency("near")
                .MapPost("/", (Runs runs) => runs.Next()),
            Policies);

        Assert.That(await app.AnswerAsync("/g/h", null), Is.EqualTo("461 key-missing"));
    }

    [Test]
    public async Task AttributeOnTheLambdaWins()
    {
        await using var app = await Answers.StartAsync(
            app => app.MapPost("/tips", [Idempotent("near")] (Runs runs) => runs.Next()).RequireIdempotency("far"), Policies);

        Assert.That(await app.AnswerAsync("/tips", null), Is.EqualTo("461 key-missing"));
    }

    [Test]
    public async Task ExemptLambdaInAGroupRunsEveryTime()
    {
        await using var app = await Answers.StartAsync(
            app => app.MapGroup("/g").RequireIdempotency().MapPost("/", [IdempotencyExempt] (Runs runs) => runs.Next()));

        Assert.That(await app.AnswerAsync("/g", null), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/g", "k"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/g", "k"), Is.EqualTo("200 3"));
    }

    [Test]
    public async Task ExemptMetadataInAGroupRunsEveryTime()
    {
        await using var app = await Answers.StartAsync(
            app => app.MapGroup("/g").RequireIdempotency().MapPost("/", (Runs runs) => runs.Next())
                .WithMetadata(new IdempotencyExemptAttribute()));

        Assert.That(await app.AnswerAsync("/g", null), Is.EqualTo("200 1"));
    }

    [Test]
    public async Task ManualLambdaAlwaysRunsAndKnowsARepeat()
    {
        await using var app = await Answers.StartAsync(app => app.MapPost(
            "/tips",
            [IdempotencyManual] (Runs runs, IIdempotencyContext idempotency) => $"{runs.Next()} {idempotency.IsRepeat}")
            .RequireIdempotency());

        Assert.That(await app.AnswerAsync("/tips", "k"), Is.EqualTo("200 1 False"));
        Assert.That(await app.AnswerAsync("/tips", "k"), Is.EqualTo("200 2 True"));
    }

    [Test]
    public async Task BindingFailureIsNotKeptAndTheKeyIsFree()
    {
        await using var app = await Answers.StartAsync(
            app => app.MapPost("/tips", (int[] amounts, Runs runs) => runs.Next() + (amounts.Length * 0)).RequireIdempotency());

        Assert.That(await app.AnswerAsync("/tips", "k", new StringContent("{", null, "application/json")), Is.EqualTo("400"));
        Assert.That(await app.AnswerAsync("/tips", "k", JsonContent.Create(new[] { 1 })), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/tips", "k", JsonContent.Create(new[] { 1 })), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task BindingFailureAfterWhichFiltersRunIsNotKept()
    {
        await using var app = await Answers.StartAsync(
            app => app.MapPost("/tips", (int amount, Runs runs) => runs.Next() + (amount * 0)).RequireIdempotency());

        Assert.That(await app.AnswerAsync("/tips?amount=x", "k"), Is.EqualTo("400"));
        Assert.That(await app.AnswerAsync("/tips?amount=1", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/tips?amount=1", "k"), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task TheHandlersOwnBadRequestIsKept()
    {
        await using var app = await Answers.StartAsync(
            app => app.MapPost("/tips", (Runs runs) => Results.BadRequest(runs.Next())).RequireIdempotency());

        Assert.That(await app.AnswerAsync("/tips", "k"), Is.EqualTo("400 1"));
        Assert.That(await app.AnswerAsync("/tips", "k"), Is.EqualTo("400 1 replayed"));
    }

    [Test]
    public async Task ShortCircuitOfAnEndpointFilterBeforeTheCallIsNotKept()
    {
        await using var app = await Answers.StartAsync(
            app => app.MapPost("/tips", (Runs runs) => runs.Next()).AddEndpointFilter(StopOnce()).RequireIdempotency());

        Assert.That(await app.AnswerAsync("/tips", "k"), Is.EqualTo("409 \"stopped\""));
        Assert.That(await app.AnswerAsync("/tips", "k"), Is.EqualTo("200 1"));
    }

    [Test]
    public async Task ShortCircuitOfAnEndpointFilterAfterTheCallCountsAsTheHandlersAnswer()
    {
        await using var app = await Answers.StartAsync(
            app => app.MapPost("/tips", (Runs runs) => runs.Next()).RequireIdempotency().AddEndpointFilter(StopOnce()));

        Assert.That(await app.AnswerAsync("/tips", "k"), Is.EqualTo("409 \"stopped\""));
        Assert.That(await app.AnswerAsync("/tips", "k"), Is.EqualTo("409 \"stopped\" replayed"));
    }

    [Test]
    public async Task ShortCircuitOfAGroupsFilterIsNotKeptForAnEndpointThatAsksItself()
    {
        await using var app = await Answers.StartAsync(
            app => app.MapGroup("/g").AddEndpointFilter(StopOnce()).MapPost("/", (Runs runs) => runs.Next()).RequireIdempotency());

        Assert.That(await app.AnswerAsync("/g", "k"), Is.EqualTo("409 \"stopped\""));
        Assert.That(await app.AnswerAsync("/g", "k"), Is.EqualTo("200 1"));
    }

    [Test]
    public async Task RequestDelegateIsCovered()
    {
        await using var app = await Answers.StartAsync(app => app.MapPost("/raw", (RequestDelegate)AnswerRawAsync).RequireIdempotency());

        Assert.That(await app.AnswerAsync("/raw", "k"), Is.EqualTo("200 raw 1"));
        Assert.That(await app.AnswerAsync("/raw", "k"), Is.EqualTo("200 raw 1 replayed"));
    }

    [Test]
    public async Task RequestDelegateInAGroupIsCovered()
    {
        await using var app = await Answers.StartAsync(
            app => app.MapGroup("/g").RequireIdempotency().Map("/raw", (RequestDelegate)AnswerRawAsync));

        Assert.That(await app.AnswerAsync("/g/raw", "k"), Is.EqualTo("200 raw 1"));
        Assert.That(await app.AnswerAsync("/g/raw", "k"), Is.EqualTo("200 raw 1 replayed"));
        Assert.That(await app.AnswerAsync(HttpMethod.Get, "/g/raw", "k"), Is.EqualTo("200 raw 2"));
    }

    [Test]
    public async Task EndpointOfSeveralMethodsIsCoveredForTheCoveredOnes()
    {
        await using var app = await Answers.StartAsync(
            app => app.MapMethods("/tips", ["GET", "PATCH"], (Runs runs) => runs.Next()).RequireIdempotency());

        Assert.That(await app.AnswerAsync(HttpMethod.Get, "/tips", null), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync(HttpMethod.Patch, "/tips", "k"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync(HttpMethod.Patch, "/tips", "k"), Is.EqualTo("200 2 replayed"));
        Assert.That(await app.AnswerAsync(HttpMethod.Patch, "/tips", null), Is.EqualTo("400 key-missing"));
    }

    [Test]
    public async Task HandlerThatThrowsFreesTheKey()
    {
        await using var app = await Answers.StartAsync(app =>
        {
            Answers.ShowErrors(app);
            app.MapPost("/tips", int (Runs runs) => throw new NotSupportedException($"thrown {runs.Next()}")).RequireIdempotency();
        });

        Assert.That(await app.AnswerAsync("/tips", "k"), Is.EqualTo("500 thrown 1"));
        Assert.That(await app.AnswerAsync("/tips", "k"), Is.EqualTo("500 thrown 2"));
    }

    [Test]
    public async Task ReplayKeepsTheHeadersOfAResult()
    {
        await using var app = await Answers.StartAsync(
            app => app.MapPost("/tips", (Runs runs) => Results.Created($"/tips/{runs.Next()}", "made")).RequireIdempotency());

        using var first = await app.PostAsync("/tips", "k");
        using var retry = await app.PostAsync("/tips", "k");

        Assert.That(retry.Headers.Location, Is.EqualTo(first.Headers.Location).And.Not.Null);
        Assert.That(retry.StatusCode, Is.EqualTo(System.Net.HttpStatusCode.Created));
    }

    private static Task AnswerRawAsync(HttpContext http) =>
        http.Response.WriteAsync($"raw {http.RequestServices.GetRequiredService<Runs>().Next()}");

    private static Func<EndpointFilterInvocationContext, EndpointFilterDelegate, ValueTask<object?>> StopOnce()
    {
        var calls = 0;
        return (invocation, next) => calls++ == 0 ? new(Results.Conflict("stopped")) : next(invocation);
    }

    private static void Policies(IServiceCollection services) => services.AddIdempotency()
        .AddPolicy("near", o => o.StatusCodes.KeyMissing = 461)
        .AddPolicy("far", o => o.StatusCodes.KeyMissing = 462);

    [Test]
    public async Task EndpointThatWasBuiltWithoutFiltersRunsOnce()
    {
        await using var app = await Answers.StartAsync(app =>
        {
            var source = new UnfilteredEndpoints(
                app.Services, http => http.Response.WriteAsync($"{http.RequestServices.GetRequiredService<Runs>().Next()}"));
            ((IEndpointRouteBuilder)app).DataSources.Add(source);
            source.Conventions.RequireIdempotency();
        });

        Assert.That(await app.AnswerAsync("/unfiltered", null), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync("/unfiltered", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/unfiltered", "k"), Is.EqualTo("200 1 replayed"));
    }

    [TestCase(400, false)]
    [TestCase(407, false)]
    [TestCase(412, false)]
    [TestCase(422, false)]
    [TestCase(404, true)]
    [TestCase(409, true)]
    public async Task EndpointThatWasBuiltWithoutFiltersKeepsWhatCannotBeAValidation(int status, bool kept)
    {
        await using var app = await Answers.StartAsync(app =>
        {
            var source = new UnfilteredEndpoints(app.Services, http =>
            {
                http.Response.StatusCode = status;
                return http.Response.WriteAsync($"{http.RequestServices.GetRequiredService<Runs>().Next()}");
            });
            ((IEndpointRouteBuilder)app).DataSources.Add(source);
            source.Conventions.RequireIdempotency();
        });

        Assert.That(await app.AnswerAsync("/unfiltered", "k"), Is.EqualTo($"{status} 1"));
        Assert.That(await app.AnswerAsync("/unfiltered", "k"), Is.EqualTo(kept ? $"{status} 1 replayed" : $"{status} 2"));
    }

    /// <summary>Endpoints like those of a proxy or an RPC framework: with conventions, but without endpoint filters.</summary>
    private sealed class UnfilteredEndpoints(IServiceProvider services, RequestDelegate handler) : EndpointDataSource
    {
        private readonly Recorded _conventions = new();
        private Endpoint[]? _endpoints;

        public IEndpointConventionBuilder Conventions => _conventions;

        public override IReadOnlyList<Endpoint> Endpoints => _endpoints ??= [Build()];

        public override IChangeToken GetChangeToken() => new CancellationChangeToken(CancellationToken.None);

        private Endpoint Build()
        {
            var endpoint = new RouteEndpointBuilder(handler, RoutePatternFactory.Parse("/unfiltered"), 0)
            {
                ApplicationServices = services,
            };
            foreach (var convention in _conventions.All.Concat(_conventions.Last))
                convention(endpoint);
            return endpoint.Build();
        }

        private sealed class Recorded : IEndpointConventionBuilder
        {
            public List<Action<EndpointBuilder>> All { get; } = [];

            public List<Action<EndpointBuilder>> Last { get; } = [];

            public void Add(Action<EndpointBuilder> convention) => All.Add(convention);

            public void Finally(Action<EndpointBuilder> finallyConvention) => Last.Add(finallyConvention);
        }
    }
}
