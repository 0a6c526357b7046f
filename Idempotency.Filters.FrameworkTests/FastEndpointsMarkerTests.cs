using FastEndpoints;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.FrameworkTests;

/// <summary>Where FastEndpoints and this library have names in common, and where an attribute would do nothing.</summary>
internal sealed class FastEndpointsMarkerTests
{
    [TestCase(typeof(MarkedFastEndpoint), "MarkedFastEndpoint carries [Idempotent]", "Options(endpoint => endpoint.RequireIdempotency())")]
    [TestCase(typeof(MarkedBelowFastEndpoint), "MarkedBelowFastEndpoint carries [IdempotencyManual]", "RequireIdempotency()")]
    [TestCase(typeof(MarkedMethodFastEndpoint), "MarkedMethodFastEndpoint.HandleAsync carries [Idempotent]", "RequireIdempotency()")]
    [TestCase(typeof(MarkedAndCoveredFastEndpoint), "MarkedAndCoveredFastEndpoint carries [Idempotent]", "Remove it")]
    [TestCase(typeof(ExemptFastEndpoint), "[IdempotencyExempt]", "WithMetadata(new IdempotencyExemptAttribute())")]
    public async Task MarkerOnAnEndpointClassIsRefusedAtTheStart(Type endpoint, params string[] words)
    {
        var message = await Refusals.OfAsync(() => StartAsync(endpoint));

        foreach (var word in words)
            Assert.That(message, Does.Contain(word));
    }

    [Test]
    public async Task ExemptionThatNothingCoversIsNoMistake()
    {
        await using var app = await StartAsync(typeof(UncoveredExemptFastEndpoint));

        Assert.That(await app.AnswerAsync("/marked", null), Is.EqualTo("200 run 1"));
    }

    [Test]
    public async Task ExemptionInMetadataHasAnEffectInACoveredGroup()
    {
        await using var app = await StartAsync(typeof(ExemptByMetadataFastEndpoint), inCoveredGroup: true);

        Assert.That(await app.AnswerAsync("/marked", "k"), Is.EqualTo("200 run 1"));
        Assert.That(await app.AnswerAsync("/marked", "k"), Is.EqualTo("200 run 2"));
    }

    /// <summary>FastEndpoints has an <c>AddIdempotency</c> as well. With its namespace in use, this call compiles.</summary>
    private static Task<TestApp> StartAsync(Type endpoint, bool inCoveredGroup = false) => TestApp.StartAsync(
        [],
        services =>
        {
            services.AddSingleton<Runs>();
            IdempotencyServiceCollectionExtensions.AddIdempotency(services, options => options.Retention = TimeSpan.FromDays(2));
            services.AddFastEndpoints(options =>
            {
                options.DisableAutoDiscovery = true;
                options.Assemblies = [typeof(FastEndpointsMarkerTests).Assembly];
                options.Filter = type => type == endpoint;
            });
        },
        app =>
        {
            if (inCoveredGroup)
                app.MapGroup("").RequireIdempotency().MapFastEndpoints();
            else
                app.MapFastEndpoints();
        });
}

public abstract class MarkerFastEndpoint(Runs runs, bool covers = false) : EndpointWithoutRequest
{
    public override void Configure()
    {
        Post("/marked");
        AllowAnonymous();
        if (covers)
            Options(endpoint => endpoint.RequireIdempotency());
    }

    public override Task HandleAsync(CancellationToken ct) => Send.StringAsync($"run {runs.Next()}", cancellation: ct);
}

[Idempotent]
public sealed class MarkedFastEndpoint(Runs runs) : MarkerFastEndpoint(runs);

[IdempotencyManual]
public abstract class MarkedBaseFastEndpoint(Runs runs) : MarkerFastEndpoint(runs);

public sealed class MarkedBelowFastEndpoint(Runs runs) : MarkedBaseFastEndpoint(runs);

public sealed class MarkedMethodFastEndpoint(Runs runs) : MarkerFastEndpoint(runs)
{
    [Idempotent]
    public override Task HandleAsync(CancellationToken ct) => base.HandleAsync(ct);
}

[Idempotent("checkout")]
public sealed class MarkedAndCoveredFastEndpoint(Runs runs) : MarkerFastEndpoint(runs, covers: true);

[IdempotencyExempt]
public sealed class ExemptFastEndpoint(Runs runs) : MarkerFastEndpoint(runs, covers: true);

[IdempotencyExempt]
public sealed class UncoveredExemptFastEndpoint(Runs runs) : MarkerFastEndpoint(runs);

public sealed class ExemptByMetadataFastEndpoint(Runs runs) : MarkerFastEndpoint(runs)
{
    public override void Configure()
    {
        base.Configure();
        Options(endpoint => endpoint.WithMetadata(new IdempotencyExemptAttribute()));
    }
}
