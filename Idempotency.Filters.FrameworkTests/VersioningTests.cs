using Asp.Versioning;
using Asp.Versioning.Builder;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.FrameworkTests;

/// <summary>Minimal APIs with several versions of one endpoint.</summary>
internal sealed class VersioningTests
{
    [TestCase(false, TestName = "Asp.Versioning: a version of an endpoint answers once and is replayed")]
    [TestCase(true, TestName = "Asp.Versioning: a version in a covered group answers once and is replayed")]
    public async Task VersionAnswersOnceAndIsReplayed(bool asGroup)
    {
        await using var app = await StartAsync(new QueryStringApiVersionReader(), asGroup);

        Assert.That(await app.AnswerAsync("/pay?api-version=1.0", "k"), Is.EqualTo("200 one 1"));
        Assert.That(await app.AnswerAsync("/pay?api-version=1.0", "k"), Is.EqualTo("200 one 1 replayed"));
        Assert.That(await app.AnswerAsync("/pay?api-version=2.0", "k"), Is.EqualTo("422 key-reused"));
        Assert.That(await app.AnswerAsync("/pay?api-version=2.0", "other"), Is.EqualTo("200 two 2"));
        Assert.That(await app.AnswerAsync("/pay?api-version=3.0", "third"), Does.StartWith("400"));
    }

    [Test]
    public async Task VersionInAHeaderBelongsToTheRequestOnceItIsNamed()
    {
        await using var app = await StartAsync(
            new HeaderApiVersionReader("api-version"), asGroup: false, options => options.FingerprintHeaders.Add("api-version"));

        Assert.That(await app.AnswerAsync("/pay", "k", null, "api-version: 1.0"), Is.EqualTo("200 one 1"));
        Assert.That(await app.AnswerAsync("/pay", "k", null, "api-version: 1.0"), Is.EqualTo("200 one 1 replayed"));
        Assert.That(await app.AnswerAsync("/pay", "k", null, "api-version: 2.0"), Is.EqualTo("422 key-reused"));
    }

    private static Task<TestApp> StartAsync(
        IApiVersionReader reader, bool asGroup, Action<IdempotencyOptions>? options = null) => Answers.StartAsync(
        app =>
        {
            IEndpointRouteBuilder pay = asGroup ? app.NewVersionedApi().MapGroup("").RequireIdempotency() : app.NewVersionedApi();
            var one = pay.MapPost("/pay", (Runs runs) => $"one {runs.Next()}").HasApiVersion(1.0);
            var two = pay.MapPost("/pay", (Runs runs) => $"two {runs.Next()}").HasApiVersion(2.0);
            if (!asGroup)
            {
                one.RequireIdempotency();
                two.RequireIdempotency();
            }
        },
        services =>
        {
            services.AddApiVersioning(versions => versions.ApiVersionReader = reader);
            services.AddIdempotency(options);
        });
}
