using System.Diagnostics;
using System.Net.Http.Json;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Moq;

namespace Idempotency.Filters.Tests.Diagnostics;

/// <summary>The instruments of the meter, and the tags on the request's activity.</summary>
[NonParallelizable]
internal sealed class MetricsTests
{
    [TestCase("/observed", "executed")]
    [TestCase("/observed/bad", "executed")]
    [TestCase("/observed/error", "failed")]
    [TestCase("/observed/throw", "failed")]
    [TestCase("/observed/minimal/throw", "failed")]
    [TestCase("/observed/optional", "no-key", null)]
    [TestCase("/observed", "key-missing", null)]
    [TestCase("/observed", "key-malformed", "a,b")]
    public async Task RequestIsCountedByItsOutcome(string path, string outcome, string? key = "k")
    {
        await using var app = await StartAsync();
        using var meter = new Meters(app);

        await app.AnswerAsync(path, key);

        await app.FinishAsync();

        Assert.That(meter.Of("idempotency.requests"), Is.EqualTo([$"1 outcome={outcome} policy=default"]));
    }

    [TestCase("a", "replayed")]
    [TestCase("b", "key-reused")]
    public async Task RetryIsCountedByItsOutcome(string body, string outcome)
    {
        await using var app = await StartAsync();
        await app.AnswerAsync("/observed", "k", JsonContent.Create("a"));
        using var meter = new Meters(app);

        await app.AnswerAsync("/observed", "k", JsonContent.Create(body));

        await app.FinishAsync();

        Assert.That(meter.Of("idempotency.requests"), Is.EqualTo([$"1 outcome={outcome} policy=default"]));
    }

    [Test]
    public async Task PolicyIsNamed()
    {
        await using var app = await StartAsync();
        using var meter = new Meters(app);

        await app.AnswerAsync("/observed/policy", "k");

        await app.FinishAsync();

        Assert.That(meter.Of("idempotency.requests"), Is.EqualTo(["1 outcome=executed policy=checkout"]));
    }

    [Test]
    public async Task RequestWithoutAPolicyIsNotCounted()
    {
        await using var app = await StartAsync();
        using var meter = new Meters(app);

        await app.AnswerAsync("/observed/exempt", "k");
        await app.AnswerAsync(HttpMethod.Get, "/observed", "k");

        await app.FinishAsync();

        Assert.That(meter.All, Is.Empty);
    }

    [TestCase(StoreDownBehavior.Reject, "store-unavailable")]
    [TestCase(StoreDownBehavior.Execute, "unprotected")]
    public async Task StoreThatIsDownIsCounted(StoreDownBehavior behavior, string outcome)
    {
        await using var app = await StartAsync(s => s.AddIdempotency(o => o.WhenStoreIsDown = behavior).UseStore((_, _) => DownStore()));
        using var meter = new Meters(app);

        await app.AnswerAsync("/observed", "k");

        await app.FinishAsync();

        Assert.That(meter.Of("idempotency.requests"), Is.EqualTo([$"1 outcome={outcome} policy=default"]));
    }

    [TestCase("/observed")]
    [TestCase("/observed/error")]
    [TestCase("/observed/throw")]
    [TestCase("/observed/minimal/throw")]
    public async Task ActiveExecutionsGoUpAndDown(string path)
    {
        await using var app = await StartAsync();
        using var meter = new Meters(app);

        await app.AnswerAsync(path, "k");

        await app.FinishAsync();

        Assert.That(meter.Of("idempotency.executions.active"), Is.EqualTo(["1", "-1"]));
    }

    [TestCase("/observed", new[] { "claim", "complete" })]
    [TestCase("/observed/error", new[] { "claim", "release" })]
    public async Task StoreCallsAreTimed(string path, string[] operations)
    {
        await using var app = await StartAsync();
        using var meter = new Meters(app);

        await app.AnswerAsync(path, "k");

        await app.FinishAsync();

        Assert.That(
            meter.TagsOf("idempotency.store.duration"),
            Is.EqualTo(operations.Select(operation => $"operation={operation} store=(default)")));
    }

    [Test]
    public async Task ReplayCostsOneStoreCall()
    {
        await using var app = await StartAsync();
        await app.AnswerAsync("/observed", "k");
        using var meter = new Meters(app);

        await app.AnswerAsync("/observed", "k");

        await app.FinishAsync();

        Assert.That(meter.TagsOf("idempotency.store.duration"), Is.EqualTo(["operation=claim store=(default)"]));
    }

    [Test]
    public async Task SizeOfAKeptResponseIsRecorded()
    {
        await using var app = await StartAsync();
        using var meter = new Meters(app);

        await app.AnswerAsync("/observed/bad", "k1");
        await app.AnswerAsync("/observed/error", "k2");

        await app.FinishAsync();

        Assert.That(meter.Of("idempotency.response.size"), Is.EqualTo(["4"]));
    }

    [TestCase("/observed", "executed", "default")]
    [TestCase("/observed/policy", "executed", "checkout")]
    [TestCase("/observed/minimal/throw", "failed", "default")]
    public async Task ActivityIsTagged(string path, string outcome, string policy)
    {
        await using var app = await StartAsync();
        var stopped = new TaskCompletionSource<Activity>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => stopped.TrySetResult(activity),
        };
        ActivitySource.AddActivityListener(listener);

        await app.AnswerAsync(path, "secret-key");

        var activity = await stopped.Task.Soon();
        Assert.That(activity.GetTagItem("idempotency.outcome"), Is.EqualTo(outcome));
        Assert.That(activity.GetTagItem("idempotency.policy"), Is.EqualTo(policy));
        Assert.That(activity.TagObjects.Select(tag => $"{tag.Value}"), Has.None.Contains("secret-key"));
    }

    private static Task<TestApp> StartAsync(Action<IServiceCollection>? services = null) => Answers.StartAsync(
        [typeof(ObservedController)],
        s =>
        {
            s.AddIdempotency().AddPolicy("checkout", _ => { });
            services?.Invoke(s);
        },
        app =>
        {
            Answers.ShowErrors(app);
            app.MapPost("/observed/minimal/throw", int () => throw new NotSupportedException("thrown")).RequireIdempotency();
        });

    private static IIdempotencyStore DownStore()
    {
        var store = new Mock<IIdempotencyStore>();
        store.Setup(s => s.ClaimAsync(It.IsAny<StorageKey>(), It.IsAny<ClaimOptions>(), It.IsAny<CancellationToken>()))
            .Throws(new TimeoutException());
        return store.Object;
    }
}

[ApiController, Route("observed"), Idempotent]
public sealed class ObservedController(Runs runs) : ControllerBase
{
    [HttpPost, HttpGet]
    public int Plain() => runs.Next();

    [HttpPost("bad")]
    public ActionResult Bad() => BadRequest(1234);

    [HttpPost("error")]
    public ActionResult Error() => StatusCode(500, "error");

    [HttpPost("throw")]
    public int Throw() => throw new NotSupportedException("thrown");

    [HttpPost("optional"), Idempotent(KeyRequired = false)]
    public int Optional() => runs.Next();

    [HttpPost("policy"), Idempotent("checkout")]
    public int Policy() => runs.Next();

    [HttpPost("exempt"), IdempotencyExempt]
    public int Exempt() => runs.Next();

    [HttpPost("large"), Idempotent(MaxResponseBodySize = 0)]
    public int Large() => runs.Next();

    [HttpPost("refused"), Idempotent(WhenFailed = FailureBehavior.Block)]
    public int Refused() => throw new NotSupportedException("thrown");
}
