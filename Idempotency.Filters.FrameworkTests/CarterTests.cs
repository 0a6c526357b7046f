using System.Net.Http.Json;
using Carter;
using FluentValidation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Idempotency.Filters.FrameworkTests;

internal sealed class CarterTests
{
    [TestCase(false, TestName = "Carter: the call in a module covers its endpoint")]
    [TestCase(true, TestName = "Carter: the call on a group covers the endpoints of all modules")]
    public async Task AnswerIsSentOnceAndReplayed(bool asGroup)
    {
        await using var app = await StartAsync(asGroup);
        var path = asGroup ? "/carter/unmarked" : "/carter";

        Assert.That(await app.AnswerAsync(path, "k", Pay(1)), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync(path, "k", Pay(1)), Is.EqualTo("200 1 replayed"));
        Assert.That(await app.AnswerAsync(path, "k", Pay(2)), Is.EqualTo("422 key-reused"));
        Assert.That(app.Runs(), Is.EqualTo(1));
    }

    [Test]
    public async Task ValidationBeforeTheCallDoesNotUseTheKeyUp()
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync("/carter/validated", "k", Pay(0)), Does.StartWith("422").And.Not.Contains("key-reused"));
        Assert.That(await app.AnswerAsync("/carter/validated", "k", Pay(1)), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/carter/validated", "k", Pay(1)), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task MarkerOnAModuleIsRefusedAtTheStart()
    {
        var message = await Refusals.OfAsync(() => StartAsync(module: typeof(MarkedCarterModule)));

        Assert.That(message, Does.Contain(nameof(MarkedCarterModule)).And.Contains("[Idempotent]").And.Contains("RequireIdempotency()"));
    }

    private static JsonContent Pay(int amount) => JsonContent.Create(new { amount });

    private static Task<TestApp> StartAsync(bool asGroup = false, Type? module = null) => Answers.StartAsync(
        app =>
        {
            if (asGroup)
                app.MapGroup("").RequireIdempotency().MapCarter();
            else
                app.MapCarter();
        },
        services => services.AddCarter(
            new DependencyContextAssemblyCatalog(typeof(CarterTests).Assembly),
            configurator => configurator.WithModules(module ?? typeof(CarterModules)).WithValidators(typeof(CarterPaymentValidator))));
}

public sealed record CarterPayment(int Amount);

public sealed class CarterPaymentValidator : AbstractValidator<CarterPayment>
{
    public CarterPaymentValidator() => RuleFor(payment => payment.Amount).GreaterThan(0);
}

public sealed class CarterModules : ICarterModule
{
    public void AddRoutes(IEndpointRouteBuilder app)
    {
        app.MapPost("/carter", (CarterPayment payment, Runs runs) => runs.Next()).RequireIdempotency();
        app.MapPost("/carter/unmarked", (CarterPayment payment, Runs runs) => runs.Next());
        app.MapPost<CarterPayment>("/carter/validated", (CarterPayment payment, Runs runs) => runs.Next()).RequireIdempotency();
    }
}

[Idempotent]
public sealed class MarkedCarterModule : ICarterModule
{
    public void AddRoutes(IEndpointRouteBuilder app) => app.MapPost("/carter/marked", (Runs runs) => runs.Next());
}
