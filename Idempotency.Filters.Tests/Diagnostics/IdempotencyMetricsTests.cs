using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Moq;

namespace Idempotency.Filters.Tests.Diagnostics;

/// <summary>What operators see. Their dashboards use these names, so changing one is a breaking change.</summary>
[NonParallelizable]
internal sealed class IdempotencyMetricsTests
{
    [Test]
    public async Task EachCoveredRequestCountsOnceByWhatBecameOfIt()
    {
        var script = new Script((http, run) => Script.Answer(run, http.Request.Query.ContainsKey("fails") ? 500 : 201));
        await using var app = await script.StartAsync<MetricsController>();
        using var measured = new Measurements(app);

        (string Path, string? Key)[] requests =
            [("/metered", "a"), ("/metered", "a"), ("/metered?other", "a"), ("/metered", null), ("/metered?fails", "b")];
        foreach (var (path, key) in requests)
            (await app.PostAsync(path, key)).Dispose();

        Assert.That(await measured.FirstAsync(5, "idempotency.requests"), Is.EqualTo((string[])
        [
            "1 outcome=executed policy=default",
            "1 outcome=replayed policy=default",
            "1 outcome=key-reused policy=default",
            "1 outcome=key-missing policy=default",
            "1 outcome=failed policy=default",
        ]));
        Assert.That(await measured.FirstAsync(4, "idempotency.executions.active"), Is.EqualTo((string[])["1", "-1", "1", "-1"]));
        Assert.That(await measured.FirstAsync(1, "idempotency.response.size"), Is.EqualTo((string[])["9"]));
    }

    [Test]
    public async Task StoreCallsAreTimedAlsoWhenTheyFail()
    {
        var store = new FaultyStore { OnComplete = attempt => attempt == 1 ? throw new TimeoutException() : null };
        await using var app = await new Script().StartAsync<MetricsController>(store: store);
        using var measured = new Measurements(app);

        (await app.PostAsync("/metered", "a")).Dispose();

        var calls = await measured.FirstAsync(3, "idempotency.store.duration");
        Assert.That(
            calls.Select(call => call[(call.IndexOf(' ') + 1)..]),
            Is.EqualTo((string[])
            [
                "operation=claim store=(default)",
                "operation=complete store=(default) error=TimeoutException",
                "operation=complete store=(default)",
            ]));
    }

    [Test]
    public async Task AStreamedFailureThatIsRefusedCountsAsFailed()
    {
        var script = new Script((_, _) => new ContentResult { Content = "too large", StatusCode = 500 });
        await using var app = await script.StartAsync<MetricsController>(options =>
        {
            options.WhenFailed = FailureBehavior.Block;
            options.MaxResponseBodySize = 4;
        });
        using var measured = new Measurements(app);

        using var first = await app.PostAsync("/metered", "a");
        var counted = await measured.FirstAsync(1, "idempotency.requests");
        using var retry = await app.PostAsync("/metered", "a");

        Assert.That(await first.TextAsync(), Is.EqualTo("too large"));
        Assert.That(counted, Is.EqualTo((string[])["1 outcome=failed policy=default"]));
        await retry.IsProblemAsync(409, "outcome-unknown");
    }

    [Test]
    public async Task TheRequestsActivityTellsOutcomeAndPolicy()
    {
        using var activity = new Activity("request") { IsAllDataRequested = true };
        var feature = Mock.Of<IHttpActivityFeature>(feature => feature.Activity == activity);
        var finished = new Signal();
        await using var app = await new Script().StartAsync<MetricsController>(pipeline: pipeline => pipeline.Use(async (http, next) =>
        {
            http.Features.Set(feature);
            await next(http);
            finished.Fire();
        }));

        (await app.PostAsync("/metered", "a")).Dispose();
        await finished.WaitAsync();

        Assert.That(activity.GetTagItem("idempotency.outcome"), Is.EqualTo("executed"));
        Assert.That(activity.GetTagItem("idempotency.policy"), Is.EqualTo("default"));
    }

    /// <summary>What one application measures, in order. Applications of other tests are left out.</summary>
    private sealed class Measurements : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly ConcurrentQueue<(string Instrument, string Line)> _lines = [];

        public Measurements(TestApp app)
        {
            var scope = app.Services.GetRequiredService<IMeterFactory>();
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == "Idempotency.Filters" && instrument.Meter.Scope == scope)
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>(Note);
            _listener.SetMeasurementEventCallback<double>(Note);
            _listener.Start();
        }

        /// <summary>The first measurements of an instrument. They may arrive after the response.</summary>
        public async Task<string[]> FirstAsync(int count, string instrument)
        {
            await Waiting.UntilAsync(() => Of(instrument).Length >= count);
            return Of(instrument);
        }

        public void Dispose() => _listener.Dispose();

        private string[] Of(string instrument) => [.. _lines.Where(line => line.Instrument == instrument).Select(line => line.Line)];

        private void Note<T>(Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
        {
            var parts = tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}").Prepend($"{value}");
            _lines.Enqueue((instrument.Name, string.Join(' ', parts)));
        }
    }
}

[ApiController]
public sealed class MetricsController(Script script) : ControllerBase
{
    [HttpPost("metered"), Idempotent]
    public Task<IActionResult> Run() => script.RunAsync(HttpContext);
}
