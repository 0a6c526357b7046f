using System.Buffers;
using System.Collections.Concurrent;
using Idempotency.Filters.Engine;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Tests.Engine;

/// <summary>However long a store or a protector fails, what waits for it in memory is bounded, and no run is forgotten.</summary>
internal sealed class PendingRecordTests
{
    private const int Limit = 256 * 1024;
    private const int AnswerSize = 60_000;

    [Test]
    public async Task RecordsBeyondTheLimitAreHeldWithoutTheirResponses()
    {
        await using var outage = await Outage.StartAsync();

        for (var number = 0; number < 8; number++)
            await outage.RunAsync(number);
        Assert.That(outage.Meters.Sum("idempotency.completions.pending"), Is.EqualTo(8));
        Assert.That(outage.Meters.Sum("idempotency.completions.pending.size"), Is.InRange(4 * AnswerSize, Limit + (8 * 3072)));

        await outage.EndAsync();

        var answers = new List<string>();
        for (var number = 0; number < 8; number++)
        {
            using var retry = await outage.App.PostAsync("/pending", $"k{number}");
            answers.Add(retry.IsReplay() ? "replayed" : $"{(int)retry.StatusCode}");
        }

        Assert.That(answers, Is.EqualTo((string[])["replayed", "replayed", "replayed", "replayed", "409", "409", "409", "409"]));
        Assert.That(outage.Script.Runs, Is.EqualTo(8));
        Assert.That(outage.Meters.Sum("idempotency.completions.pending"), Is.Zero);
        Assert.That(outage.Meters.Sum("idempotency.completions.pending.size"), Is.Zero);
    }

    [Test]
    public async Task BeyondTwiceTheLimitNoActionBeginsAndKnownKeysAreReplayed()
    {
        await using var outage = await Outage.StartAsync(works: true);
        await outage.RunAsync(-1);
        outage.Fails = true;

        var (runs, refused) = (0, 0);
        while (refused == 0)
        {
            using var response = await outage.App.PostAsync("/pending", $"k{runs}");
            if (response.IsSuccessStatusCode)
                runs++;
            else
                await response.IsProblemAsync(503, $"store-{(refused++ == 0 ? "unavailable" : "")}");
            Assert.That(runs, Is.LessThan(1000));
        }

        using var replay = await outage.App.PostAsync("/pending", "k-1");
        Assert.That(replay.IsReplay(), Is.True);
        Assert.That(outage.Script.Runs, Is.EqualTo(runs + 1));
        Assert.That(outage.Meters.Sum("idempotency.completions.pending.size"), Is.InRange(2 * Limit, (2 * Limit) + 4096));
        Assert.That(outage.App.Logs.Lines.Single(line => line.Id.Id == 6).Exception!.Message, Does.Contain("MaxPendingBytes"));

        await outage.EndAsync();

        // The refused claim was given up.
        await outage.RunAsync(runs);
        for (var number = 0; number < runs; number++)
        {
            using var retry = await outage.App.PostAsync("/pending", $"k{number}");
            Assert.That(retry.IsReplay() || (int)retry.StatusCode == 409, Is.True);
        }

        Assert.That(outage.Script.Runs, Is.EqualTo(runs + 2));
    }

    [Test]
    public async Task LimitOfTheProcessIsSetOnce()
    {
        Assert.That(
            async () => await new Script().StartAsync<PendingController>(
                services: s => s.AddIdempotency().AddPolicy("other", o => o.MaxPendingBytes = Limit)),
            Throws.TypeOf<OptionsValidationException>().With.Message.Contains("MaxPendingBytes"));
        await using var app = await new Script().StartAsync<PendingController>(o => o.MaxPendingBytes = Limit);
    }

    /// <summary>An application whose protector fails, while its store works: claims go on, and each leaves a record behind.</summary>
    private sealed class Outage : IAsyncDisposable, IResponseRecordProtector
    {
        // It runs the attempts while the client waits, and those in the background only when the test says so.
        private readonly TestClock _clock = new() { EndAtOnce = TimeSpan.FromMilliseconds(500) };

        public Script Script { get; } = new((_, run) => new ContentResult { Content = $"{run}".PadRight(AnswerSize) });

        public TestApp App { get; private set; } = null!;

        public Meters Meters { get; private set; } = null!;

        public bool Fails { get; set; } = true;

        public static async Task<Outage> StartAsync(bool works = false)
        {
            var outage = new Outage { Fails = !works };
            outage.App = await outage.Script.StartAsync<PendingController>(
                o => o.MaxPendingBytes = Limit, outage._clock, services: s => s.AddIdempotency().ProtectRecords(_ => outage));
            outage.Meters = new(outage.App);
            return outage;
        }

        public async Task RunAsync(int number)
        {
            using var response = await App.PostAsync("/pending", $"k{number}");
            Assert.That(response.IsSuccessStatusCode, Is.True);
        }

        public async Task EndAsync()
        {
            Fails = false;
            var retrier = App.Services.GetRequiredService<CompletionRetrier>();
            await Waiting.UntilAsync(() =>
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
                return retrier.PendingCount == 0;
            });
        }

        public void Protect(string storageKey, in ReadOnlySequence<byte> record, IBufferWriter<byte> destination)
        {
            if (Fails)
                throw new IOException("no key vault");
            destination.Write(record.ToArray());
        }

        public void Unprotect(string storageKey, in ReadOnlySequence<byte> bytes, IBufferWriter<byte> destination) =>
            destination.Write(bytes.ToArray());

        public async ValueTask DisposeAsync()
        {
            Meters.Dispose();
            await App.DisposeAsync();
        }
    }
}

[ApiController]
public sealed class PendingController(Script script) : ControllerBase
{
    [HttpPost("pending"), Idempotent]
    public Task<IActionResult> Run() => script.RunAsync(HttpContext);
}
