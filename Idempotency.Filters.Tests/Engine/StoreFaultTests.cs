using System.Buffers;
using System.Net;
using Idempotency.Filters.Engine;
using Idempotency.Filters.Keys;
using Idempotency.Filters.Records;
using Idempotency.Filters.Requests;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Moq;

namespace Idempotency.Filters.Tests.Engine;

/// <summary>Stores that fail before or after the action.</summary>
internal sealed class StoreFaultTests
{
    [Test]
    public async Task StoreThatFailsBeforeTheActionRefuses()
    {
        var script = new Script();
        var store = new Mock<IIdempotencyStore>();
        store.Setup(s => s.ClaimAsync(It.IsAny<StorageKey>(), It.IsAny<ClaimOptions>(), It.IsAny<CancellationToken>()))
            .Throws(new IOException("down"));
        await using var app = await script.StartAsync<StoreFaultController>(store: store.Object);

        using var response = await app.PostAsync("/orders", "k");

        await response.IsProblemAsync(503, "store-unavailable");
        Assert.That(response.Headers.RetryAfter, Is.Not.Null);
        Assert.That(script.Runs, Is.Zero);
        AssertLogged(app, LogLevel.Error, 6);
    }

    [Test]
    public async Task CancellationOfTheStoresOwnIsAFailure()
    {
        var script = new Script();
        await using var app = await script.StartAsync<StoreFaultController>(
            store: new FaultyStore { OnClaim = () => throw new TaskCanceledException() });

        using var response = await app.PostAsync("/orders", "k");

        await response.IsProblemAsync(503, "store-unavailable");
        Assert.That(script.Runs, Is.Zero);
    }

    [Test]
    public async Task StoreThatFailsWhileARequestWaitsRefusesWhateverTheOption([Values] StoreDownBehavior whenStoreIsDown)
    {
        var script = new Script();
        var store = new Mock<IIdempotencyStore>();
        store.Setup(s => s.ClaimAsync(It.IsAny<StorageKey>(), It.IsAny<ClaimOptions>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(ClaimResult.InFlight);
        store.Setup(s => s.WaitAsync(It.IsAny<StorageKey>(), It.IsAny<ClaimOptions>(), It.IsAny<TimeSpan>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(new IOException("down"));
        await using var app = await script.StartAsync<StoreFaultController>(
            o => (o.WhenInFlight, o.WhenStoreIsDown) = (InFlightBehavior.Wait, whenStoreIsDown), store: store.Object);

        using var response = await app.PostAsync("/orders", "k");

        await response.IsProblemAsync(503, "store-unavailable");
        Assert.That(script.Runs, Is.Zero);
    }

    [Test]
    public async Task ExecuteRunsUnprotectedAndWarns()
    {
        var store = new FaultyStore { OnClaim = () => throw new IOException("down") };
        await using var app = await new Script().StartAsync<StoreFaultController>(
            o => o.WhenStoreIsDown = StoreDownBehavior.Execute, store: store);

        using var first = await app.PostAsync("/orders", "k");
        using var second = await app.PostAsync("/orders", "k");
        using var malformed = await app.PostAsync("/orders", "a,b");

        await first.IsRunAsync(1);
        await second.IsRunAsync(2);
        await malformed.IsProblemAsync(400, "key-malformed");
        AssertLogged(app, LogLevel.Warning, 14);
    }

    [Test]
    public async Task FullStoreRefusesNewKeysAndStillReplaysOldOnes()
    {
        var script = new Script();
        await using var app = await script.StartAsync<StoreFaultController>(
            services: services => services.AddIdempotency().UseMemory(o => o.MaxEntries = 1));
        using var first = await app.PostAsync("/orders", "k");

        using var other = await app.PostAsync("/orders", "other");
        using var retry = await app.PostAsync("/orders", "k");

        await other.IsProblemAsync(503, "store-unavailable");
        Assert.That(other.Headers.RetryAfter, Is.Not.Null);
        await retry.IsReplayOfAsync(1);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task CompletionThatFailsAFewTimesIsStored([Values(1, 2)] int failures)
    {
        var store = new FaultyStore { OnComplete = attempt => attempt <= failures ? throw new IOException("down") : null };
        await using var app = await StartAsync(new Script(), store);

        using var first = await app.PostAsync("/orders", "k");
        using var retry = await app.PostAsync("/orders", "k");

        await first.IsRunAsync(1);
        await retry.IsReplayOfAsync(1);
        AssertLogged(app, LogLevel.Warning, 8);
    }

    [Test]
    public async Task CompletionThatFailsLongerIsStoredInTheBackground()
    {
        var store = new FaultyStore { OnComplete = attempt => attempt <= 6 ? throw new IOException("down") : null };
        await using var app = await StartAsync(new Script(), store);

        using var first = await app.PostAsync("/orders", "k");
        await Waiting.UntilAsync(() => Keeper(app).PendingCount == 0);
        using var retry = await app.PostAsync("/orders", "k");

        await first.IsRunAsync(1);
        await retry.IsReplayOfAsync(1);
        Assert.That(store.Attempts, Is.EqualTo(7));
    }

    [Test]
    public async Task ClaimIsGivenBackAfterACompletionInTheBackground()
    {
        var store = new FaultyStore { OnComplete = attempt => attempt <= 3 ? throw new IOException("down") : null };
        await using var app = await StartAsync(new Script(), store);

        using var first = await app.PostAsync("/orders", "k");
        await Waiting.UntilAsync(() => Keeper(app).PendingCount == 0);

        Assert.That(store.Released, Is.EqualTo(1));
        Assert.That(store.Abandoned, Is.Zero);
    }

    [Test]
    public async Task CompletionThatAlwaysFailsSendsTheTrueResponseAndKeepsTheKeyClosed()
    {
        var script = new Script();
        var store = new FaultyStore { OnComplete = _ => throw new IOException("down") };
        await using var app = await script.StartAsync<StoreFaultController>(clock: QuickPausesOnly, store: store);

        using var first = await app.PostAsync("/orders", "k");
        using var retry = await app.PostAsync("/orders", "k");

        await first.IsRunAsync(1);
        await retry.IsProblemAsync(409, "in-flight");
        Assert.That(store.Released, Is.Zero);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task CompletionIsGivenUpAndItsClaimAbandonedInTheEnd()
    {
        var store = new FaultyStore { OnComplete = _ => throw new IOException("down") };
        await using var app = await StartAsync(new Script(), store);

        using var first = await app.PostAsync("/orders", "k");
        await Waiting.UntilAsync(() => Keeper(app).PendingCount == 0);
        using var retry = await app.PostAsync("/orders", "k");

        await first.IsRunAsync(1);
        await retry.IsProblemAsync(409, "in-flight");
        Assert.That(store.Abandoned, Is.EqualTo(1));
        Assert.That(store.Attempts, Is.GreaterThan(10));
        AssertLogged(app, LogLevel.Error, 9);
    }

    [Test]
    public async Task CompletionGoesOnWhenTheLeaseMayBeLost()
    {
        using var lost = new CancellationTokenSource();
        await lost.CancelAsync();
        var store = new FaultyStore { Lost = lost.Token, OnComplete = attempt => attempt <= 6 ? throw new IOException("down") : null };
        await using var app = await StartAsync(new Script(), store);

        using var first = await app.PostAsync("/orders", "k");
        await Waiting.UntilAsync(() => Keeper(app).PendingCount == 0);
        using var retry = await app.PostAsync("/orders", "k");

        await first.IsRunAsync(1);
        await retry.IsReplayOfAsync(1);
        Assert.That(store.Abandoned, Is.Zero);
    }

    [Test]
    public async Task ShutdownGivesAPendingRecordALastChance([Values] bool succeeds)
    {
        var store = new FaultyStore { OnComplete = attempt => attempt <= 3 || !succeeds ? throw new IOException("down") : null };
        await using var app = await new Script().StartAsync<StoreFaultController>(clock: QuickPausesOnly, store: store);
        using var first = await app.PostAsync("/orders", "k");
        Assert.That(Keeper(app).PendingCount, Is.EqualTo(1));

        await app.App.StopAsync().Soon();

        Assert.That(store.Attempts, Is.EqualTo(4));
        Assert.That(store.Abandoned, Is.EqualTo(succeeds ? 0 : 1));
        AssertLogged(app, LogLevel.Error, 9, succeeds ? 0 : 1);
    }

    [Test]
    public async Task ShutdownOutlivesAClaimThatCannotBeAbandoned()
    {
        var store = new FaultyStore
        {
            OnComplete = _ => throw new IOException("down"),
            OnAbandon = () => throw new IOException("down"),
        };
        await using var app = await new Script().StartAsync<StoreFaultController>(clock: QuickPausesOnly, store: store);
        using var first = await app.PostAsync("/orders", "k");

        Assert.DoesNotThrowAsync(() => app.App.StopAsync().Soon());
    }

    [Test]
    public async Task ReleaseThatFailsLeavesTheResponseAlone([Values(500, 201)] int status)
    {
        var store = new FaultyStore { OnRelease = () => throw new IOException("down") };
        var script = new Script((_, run) => Script.Answer(run, status));
        await using var app = await StartAsync(script, store);

        using var first = await app.PostAsync("/orders", "k");

        await first.IsRunAsync(1, status);
        // The claim of a kept answer ends after the client has it.
        await app.FinishAsync();
        AssertLogged(app, LogLevel.Warning, 12);
    }

    /// <summary>An action that awaits not all of its writes could settle its response a second time, and end its claim twice.</summary>
    [Test]
    public async Task WriteThatOverflowsWhileTheKeyIsReleasedThrowsAndEndsTheClaimOnce()
    {
        Task? late = null;
        HttpResponse response = null!;
        var store = new FaultyStore { OnRelease = () => late ??= response.Body.WriteAsync(new byte[3000]).AsTask() };
        var script = new Script((http, run) =>
        {
            response = http.Response;
            return Script.Answer(run, 500);
        });
        await using var app = await script.StartAsync<StoreFaultController>(options => options.MaxResponseBodySize = 1000, store: store);

        using var first = await app.PostAsync("/orders", "k");
        await app.FinishAsync();

        await first.IsRunAsync(1, 500);
        Assert.That(async () => await late!.Soon(), Throws.InvalidOperationException.With.Message.Contains("await every write"));
        Assert.That(store.Released, Is.EqualTo(1));
    }

    [Test]
    public async Task ReleaseThatFailsLeavesTheExceptionAlone()
    {
        var store = new FaultyStore { OnRelease = () => throw new IOException("down") };
        var script = new Script((_, run) => run == 1 ? throw new InvalidOperationException("the action's own") : Script.Answer(run));
        await using var app = await StartAsync(script, store);

        using var first = await app.PostAsync("/orders", "k");

        Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        Assert.That(app.Logs.Lines, Has.Some.Matches<LogLine>(line => line.Exception?.Message == "the action's own"));
    }

    [TestCase(0, TestName = "EmptyRecordIsNoMiss")]
    [TestCase(20, TestName = "TruncatedRecordIsNoMiss")]
    [TestCase(-1, TestName = "RecordWithAFlippedBitIsNoMiss")]
    [TestCase(-8, TestName = "RecordOfAnUnknownVersionIsNoMiss")]
    public async Task UnreadableRecordIsNoMiss(int damage)
    {
        var script = new Script();
        var record = Record("stored").ToArray();
        if (damage < 0)
            record[damage == -1 ? ^1 : 8] ^= 0x40;
        var damaged = damage < 0 ? record : record[..damage];
        await using var app = await script.StartAsync<StoreFaultController>(
            store: new FaultyStore { OnClaim = () => ClaimResult.Completed(new(damaged)) });

        using var response = await app.PostAsync("/orders", "k");

        await response.IsProblemAsync(503, "record-unreadable");
        Assert.That(response.Headers.RetryAfter, Is.Not.Null);
        Assert.That(script.Runs, Is.Zero);
        AssertLogged(app, LogLevel.Error, 7);
    }

    [Test]
    public async Task LeaseThatWasLostSendsTheTrueResponseAndIsAnError()
    {
        var store = new FaultyStore { OnComplete = _ => Completion.LeaseLost };
        await using var app = await StartAsync(new Script(), store);

        using var first = await app.PostAsync("/orders", "k");

        await first.IsRunAsync(1);
        Assert.That(store.Attempts, Is.EqualTo(1));
        AssertLogged(app, LogLevel.Error, 10);
    }

    [Test]
    public async Task RestoredClaimIsAWarning()
    {
        var store = new FaultyStore { OnComplete = _ => Completion.Restored };
        await using var app = await StartAsync(new Script(), store);

        using var first = await app.PostAsync("/orders", "k");

        await first.IsRunAsync(1);
        AssertLogged(app, LogLevel.Warning, 11);
    }

    [Test]
    public async Task ClaimWithoutAnAnswerRunsNothing()
    {
        var script = new Script();
        await using var app = await StartAsync(script, new FaultyStore { OnClaim = () => default(ClaimResult) });

        using var first = await app.PostAsync("/orders", "k");

        await first.IsProblemAsync(503, "store-unavailable");
        Assert.That(script.Runs, Is.Zero);
    }

    [Test]
    public async Task CompletionWithoutAnAnswerIsTriedAgain()
    {
        var store = new FaultyStore { OnComplete = attempt => attempt == 1 ? default(Completion) : null };
        await using var app = await StartAsync(new Script(), store);

        using var first = await app.PostAsync("/orders", "k");
        using var retry = await app.PostAsync("/orders", "k");

        await first.IsRunAsync(1);
        await retry.IsReplayOfAsync(1);
        Assert.That(store.Attempts, Is.EqualTo(2));
    }

    [Test]
    public async Task SupersededSendsTheWinnersAnswer()
    {
        var owner = new Mock<IDisposable>();
        var store = new FaultyStore { OnComplete = _ => Completion.Superseded(Record("the winner's"), owner.Object) };
        var script = new Script((http, run) =>
        {
            http.Response.Headers["X-Loser"] = "1";
            return Script.Answer(run);
        });
        await using var app = await StartAsync(script, store);

        using var first = await app.PostAsync("/orders", "k");

        Assert.That((int)first.StatusCode, Is.EqualTo(218));
        Assert.That(await first.TextAsync(), Is.EqualTo("the winner's"));
        Assert.That(first.Headers.GetValues("X-Winner"), Is.EqualTo(["1"]));
        Assert.That(first.Headers.Contains("X-Loser"), Is.False);
        Assert.That(first.IsReplay(), Is.True);

        // The buffer returns to the pool when the request ends, after the client has the answer.
        await app.DisposeAsync();
        owner.Verify(o => o.Dispose(), Times.Once);
        AssertLogged(app, LogLevel.Debug, 16);
    }

    [Test]
    public async Task RecordThatIsTooLargeForTheStoreIsNotReplayable()
    {
        var store = new FaultyStore { OnComplete = attempt => attempt == 1 ? Completion.TooLarge : null };
        var script = new Script();
        await using var app = await StartAsync(script, store);

        using var first = await app.PostAsync("/orders", "k");
        using var retry = await app.PostAsync("/orders", "k");
        using var other = await app.PostAsync("/orders?other", "k");

        await first.IsRunAsync(1);
        await retry.IsProblemAsync(409, "not-replayable");
        await other.IsProblemAsync(422, "key-reused");
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task MemoryStoreWithoutRoomForARecordKeepsItNotReplayable()
    {
        var script = new Script((_, _) => new ContentResult { Content = new string('x', 100_000) });
        await using var app = await script.StartAsync<StoreFaultController>(
            services: services => services.AddIdempotency().UseMemory(o => o.MaxBytes = 64 * 1024));

        using var first = await app.PostAsync("/orders", "k");
        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(await first.TextAsync(), Has.Length.EqualTo(100_000));
        await retry.IsProblemAsync(409, "not-replayable");
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [TestCase(1, TestName = "BufferOfAFailedCallIsNotReusedAfterItsRetrySucceeded")]
    [TestCase(3, TestName = "BufferOfAFailedCallIsNotReusedAfterAllHaveFailed")]
    public async Task BufferOfAFailedCallIsNotReused(int failures)
    {
        var store = new FaultyStore
        {
            OnComplete = attempt => attempt <= failures ? throw new TimeoutException("and still reading") : null,
        };
        var script = new Script((_, run) => new ContentResult { Content = new string((char)('a' + (run % 26)), 3000) });
        await using var app = await StartAsync(script, store);
        using var first = await app.PostAsync("/orders", "k");
        var late = store.Buffers.First();
        var before = late.ToArray();

        for (var i = 0; i < 50; i++)
        {
            using var other = await app.PostAsync("/orders", $"k{i}");
            Assert.That(late.ToArray(), Is.EqualTo(before));
        }
    }

    [Test]
    public async Task ClaimCarriesTheTermsOfThePolicyAndTheServicesOfTheRequest()
    {
        var store = new Mock<IIdempotencyStore>();
        ClaimOptions terms = default;
        store.Setup(s => s.ClaimAsync(It.IsAny<StorageKey>(), It.IsAny<ClaimOptions>(), It.IsAny<CancellationToken>()))
            .Callback((StorageKey _, ClaimOptions options, CancellationToken _) => terms = options)
            .ReturnsAsync(ClaimResult.Interrupted);
        await using var app = await new Script().StartAsync<StoreFaultController>(
            options =>
            {
                options.Lease = TimeSpan.FromSeconds(7);
                options.MaxExecutionTime = TimeSpan.FromMinutes(3);
                options.Retention = TimeSpan.FromDays(2);
                options.WhenInterrupted = InterruptedBehavior.Block;
                options.WhenStoreIsDown = StoreDownBehavior.Execute;
            },
            store: store.Object);

        using var response = await app.PostAsync("/orders", "k");

        await response.IsProblemAsync(409, "outcome-unknown");
        Assert.That(terms.RequestServices, Is.Not.Null.And.Not.SameAs(app.Services));
        Assert.That(terms with { RequestServices = null }, Is.EqualTo(new ClaimOptions
        {
            Lease = TimeSpan.FromSeconds(7),
            RenewFor = TimeSpan.FromMinutes(3),
            BlockFor = TimeSpan.FromDays(2),
            Retention = TimeSpan.FromDays(2),
            WhenInterrupted = InterruptedBehavior.Block,
            WhenStoreIsDown = StoreDownBehavior.Execute,
            PreviewLength = 85,
            Caller = RequestScope.Anonymous,
        }));
    }

    [Test]
    public async Task LostLeaseIsVisibleToTheAction()
    {
        using var lost = new CancellationTokenSource();
        var seen = false;
        var script = new Script(async (http, run) =>
        {
            var context = http.RequestServices.GetRequiredService<IIdempotencyContext>();
            await lost.CancelAsync();
            seen = context.LeaseLost.IsCancellationRequested && !http.RequestAborted.IsCancellationRequested;
            return Script.Answer(run);
        });
        await using var app = await StartAsync(script, new FaultyStore { Lost = lost.Token });

        using var first = await app.PostAsync("/orders", "k");

        await first.IsRunAsync(1);
        Assert.That(seen, Is.True);
    }

    [Test]
    public async Task ShutdownWaitsForAnActionThatStillRuns()
    {
        var (entered, release) = (new Signal(), new Signal());
        var store = new FaultyStore();
        var script = new Script(async (_, run) =>
        {
            entered.Fire();
            await release.WaitAsync();
            return Script.Answer(run);
        });
        await using var app = await StartAsync(script, store);
        var first = app.PostAsync("/orders", "k");
        await entered.WaitAsync();

        var stopping = app.App.StopAsync();
        release.Fire();

        await (await first.Soon()).IsRunAsync(1);
        await stopping.Soon();
        Assert.That(store.Attempts, Is.EqualTo(1));
    }

    /// <summary>A clock that runs the attempts while the client waits, and never those in the background.</summary>
    private static TestClock QuickPausesOnly => new() { EndAtOnce = TimeSpan.FromMilliseconds(500) };

    private static Task<TestApp> StartAsync(Script script, FaultyStore store) =>
        script.StartAsync<StoreFaultController>(clock: new TestClock { EndAtOnce = TimeSpan.FromMinutes(1) }, store: store);

    private static CompletionRetrier Keeper(TestApp app) => app.Services.GetRequiredService<CompletionRetrier>();

    private static ReadOnlySequence<byte> Record(string body)
    {
        var record = new ResponseRecord
        {
            Flags = RecordFlags.None,
            StatusCode = 218,
            Created = DateTimeOffset.UnixEpoch,
            Fingerprint = Fingerprint.OfAnyRequest,
            Headers = [new("X-Winner", new StringValues("1"))],
            Body = new(System.Text.Encoding.UTF8.GetBytes(body)),
        };
        using var written = record.Write();
        return new(written.Sequence.ToArray());
    }

    private static void AssertLogged(TestApp app, LogLevel level, int id, int times = 1) =>
        Assert.That(
            app.Logs.Lines.Count(
                line => line.Category.StartsWith("Idempotency", StringComparison.Ordinal) && line.Level == level && line.Id.Id == id),
            Is.EqualTo(times));
}

[ApiController]
public sealed class StoreFaultController(Script script) : ControllerBase
{
    [HttpPost("orders"), Idempotent]
    public Task<IActionResult> Order() => script.RunAsync(HttpContext);
}
