using System.Text.RegularExpressions;
using Idempotency.Filters.Engine;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Diagnostics;

/// <summary>What weakens the promise can be alerted on: it has an instrument, and the README names it.</summary>
[NonParallelizable]
internal sealed partial class WeakenedPromiseTests
{
    [TestCase(CompletionOutcome.LeaseLost, "1 store=(default) record=refused")]
    [TestCase(CompletionOutcome.Restored, "1 store=(default) record=stored")]
    [TestCase(CompletionOutcome.Stored, null)]
    public async Task LostLeaseIsCounted(CompletionOutcome outcome, string? counted)
    {
        var completion = outcome switch
        {
            CompletionOutcome.LeaseLost => Completion.LeaseLost,
            CompletionOutcome.Restored => Completion.Restored,
            _ => Completion.Stored,
        };
        await using var app = await new Script().StartAsync<MetricsController>(store: new FaultyStore { OnComplete = _ => completion });
        using var meters = new Meters(app);

        (await app.PostAsync("/metered", "a")).Dispose();
        await app.FinishAsync();

        Assert.That(meters.Of("idempotency.leases.lost"), Is.EqualTo(counted is null ? [] : new[] { counted }));
    }

    [Test]
    public async Task RecordThatCouldNotBeStoredIsCountedWithTheStoreAndTheError()
    {
        var store = new FaultyStore { OnComplete = _ => throw new TimeoutException() };
        await using var app = await new Script().StartAsync<MetricsController>(
            o => o.StoreName = "eu",
            new TestClock { EndAtOnce = TimeSpan.FromMinutes(1) },
            services: s => s.AddIdempotency().AddStore("eu", eu => eu.UseStore((_, _) => store)));
        using var meters = new Meters(app);

        (await app.PostAsync("/metered", "a")).Dispose();
        await Waiting.UntilAsync(() => meters.Of("idempotency.records.lost").Any());
        await Waiting.UntilAsync(() => app.Services.GetRequiredService<CompletionRetrier>().PendingCount == 0);

        Assert.That(meters.Of("idempotency.records.lost"), Is.EqualTo((string[])["1 store=eu error=TimeoutException"]));
        Assert.That(meters.Of("idempotency.completions.pending"), Is.EqualTo((string[])["1 store=eu", "-1 store=eu"]));
        Assert.That(meters.Sum("idempotency.completions.pending.size"), Is.Zero);
    }

    [Test]
    public async Task StoreThatFailsIsNamedWithItsError()
    {
        await using var app = await new Script().StartAsync<MetricsController>(
            store: new FaultyStore { OnClaim = () => throw new IOException("down") });
        using var meters = new Meters(app);

        (await app.PostAsync("/metered", "a")).Dispose();

        Assert.That(
            meters.TagsOf("idempotency.store.duration"), Is.EqualTo((string[])["operation=claim store=(default) error=IOException"]));
    }

    [Test]
    public async Task FillOfEachMemoryStoreIsShown()
    {
        await using var app = await new Script().StartAsync<MetricsController>(
            services: s => s.AddIdempotency().UseMemory(o => (o.MaxEntries, o.MaxBytes) = (8, 64 * 1024)).Services.AddIdempotency()
                .AddStore("spare", spare => spare.UseMemory()).AddPolicy("spare", o => o.StoreName = "spare"));
        using var meters = new Meters(app);
        (await app.PostAsync("/metered", "a")).Dispose();
        (await app.PostAsync("/metered", "b")).Dispose();

        meters.Observe();

        Assert.That(meters.Of("idempotency.memory.usage"), Is.EquivalentTo((string[])
        [
            "0.25 store=(default) limit=entries", "0.031 store=(default) limit=bytes",
            "0 store=spare limit=entries", "0 store=spare limit=bytes",
        ]));
    }

    [Test]
    public async Task BodyWhoseEndDidNotComeIsCounted()
    {
        // The drain of a body that the action left unread ends at once.
        await using var app = await new Script().StartAsync<MetricsController>(
            o => o.RequestDrainTimeout = TimeSpan.FromSeconds(5), new TestClock { EndAtOnce = TimeSpan.FromSeconds(10) });
        using var meters = new Meters(app);
        using var client = new RawConnection(app.Address);

        client.Send(
            "POST /metered HTTP/1.1\r\nHost: t\r\nIdempotency-Key: k\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nhalf");

        Assert.That(client.ReceiveSome(), Does.StartWith("HTTP/1.1 201"));
        Assert.That(
            meters.Of("idempotency.request.bodies.unknown"), Is.EqualTo((string[])["1 policy=default reason=unfinished"]));
    }

    [Test]
    public async Task EveryInstrumentIsInTheTableOfTheReadme()
    {
        await using var app = await new Script().StartAsync<MetricsController>();
        using var meters = new Meters(app);
        using var page = new StreamReader(typeof(WeakenedPromiseTests).Assembly.GetManifestResourceStream("README.md")!);

        var documented = Row().Matches(await page.ReadToEndAsync()).Select(row => row.Groups[1].Value);

        Assert.That(documented, Is.EquivalentTo(meters.Instruments.Select(instrument => instrument.Name)));
    }

    [GeneratedRegex(@"^\| `(idempotency\.[a-z.]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
