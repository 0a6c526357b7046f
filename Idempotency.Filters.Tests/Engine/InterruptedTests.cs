using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.Tests.Engine;

/// <summary>Actions that hang or run too long.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class InterruptedTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Retention = TimeSpan.FromHours(1);

    private readonly FakeTimeProvider _clock = new();
    private readonly Signal _entered = new();
    private readonly Signal _release = new();

    [Test]
    public async Task HungActionHoldsItsKeyUntilItsLeaseEnds()
    {
        await using var app = await StartAsync(Hanging());
        var first = app.PostAsync("/orders", "k");
        await _entered.WaitAsync();
        _clock.Advance(Limit + Lease - TimeSpan.FromTicks(1));

        using var early = await app.PostAsync("/orders", "k").Soon();
        _clock.Advance(TimeSpan.FromTicks(1));
        using var late = await app.PostAsync("/orders", "k").Soon();

        await early.IsProblemAsync(409, "in-flight");
        await late.IsRunAsync(2);
        await ReleaseAsync(first);
    }

    [Test]
    public async Task LateCompletionNeverOverwrites()
    {
        await using var app = await StartAsync(Hanging());
        var first = app.PostAsync("/orders", "k");
        await _entered.WaitAsync();
        _clock.Advance(Limit + Lease);
        using var second = await app.PostAsync("/orders", "k").Soon();

        using var zombie = await ReleaseAsync(first);
        using var retry = await app.PostAsync("/orders", "k");

        await zombie.IsRunAsync(1);
        await retry.IsReplayOfAsync(2);
        Assert.That(app.Logs.Lines, Has.One.Matches<LogLine>(line => line is { Level: LogLevel.Error, Id.Id: 10 }));
    }

    [Test]
    public async Task LateFailureNeverFreesTheKeyOfTheNext()
    {
        var script = Hanging(fails: true);
        await using var app = await StartAsync(script);
        var first = app.PostAsync("/orders", "k");
        await _entered.WaitAsync();
        _clock.Advance(Limit + Lease);
        using var second = await app.PostAsync("/orders", "k").Soon();

        using var zombie = await ReleaseAsync(first);
        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(zombie.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        await retry.IsReplayOfAsync(2);
    }

    [Test]
    public async Task InterruptedUnderRefuseIsOutcomeUnknownUntilRetentionEnds()
    {
        var script = Hanging();
        await using var app = await StartAsync(script, Block);
        var first = app.PostAsync("/orders", "k");
        await _entered.WaitAsync();
        _clock.Advance(Limit + Lease);

        using var early = await app.PostAsync("/orders", "k").Soon();
        _clock.Advance(Retention - TimeSpan.FromTicks(1));
        using var late = await app.PostAsync("/orders", "k").Soon();
        _clock.Advance(TimeSpan.FromTicks(1));
        using var free = await app.PostAsync("/orders", "k").Soon();

        await early.IsProblemAsync(409, "outcome-unknown");
        await late.IsProblemAsync(409, "outcome-unknown");
        await free.IsRunAsync(2);
        await ReleaseAsync(first);
    }

    [Test]
    public async Task LateCompletionResolvesARefusedKey()
    {
        await using var app = await StartAsync(Hanging(), Block);
        var first = app.PostAsync("/orders", "k");
        await _entered.WaitAsync();
        _clock.Advance(Limit + Lease);
        using var refused = await app.PostAsync("/orders", "k").Soon();

        using var zombie = await ReleaseAsync(first);
        using var retry = await app.PostAsync("/orders", "k");

        await refused.IsProblemAsync(409, "outcome-unknown");
        await zombie.IsRunAsync(1);
        await retry.IsReplayOfAsync(1);
    }

    [Test]
    public async Task WaiterTakesOverWhenTheLeaseEnds()
    {
        var store = new FaultyStore(_clock);
        var script = Hanging();
        await using var app = await script.StartAsync<InterruptedController>(
            o =>
            {
                Limits(o);
                o.WhenInFlight = InFlightBehavior.Wait;
                o.WaitTimeout = Retention;
            },
            _clock,
            store);
        var first = app.PostAsync("/orders", "k");
        await _entered.WaitAsync();
        var waiter = app.PostAsync("/orders", "k");
        await Waiting.UntilAsync(() => store.Waits == 1);
        _clock.Advance(Limit + Lease);

        await (await waiter.Soon()).IsRunAsync(2);
        await ReleaseAsync(first);
    }

    [Test]
    public async Task TakeOverIsToldToTheActionAndGrowsTheFencingToken()
    {
        var tokens = new long?[3];
        CancellationToken lost = default;
        var script = new Script(async (http, run) =>
        {
            var context = http.RequestServices.GetRequiredService<IIdempotencyContext>();
            tokens[run] = context.FencingToken;
            if (run > 1)
                return Script.Answer(run);
            lost = context.LeaseLost;
            _entered.Fire();
            lost.Register(_release.Fire);
            await _release.WaitAsync();
            return Script.Answer(run);
        });
        await using var app = await StartAsync(script);
        var first = app.PostAsync("/orders", "k");
        await _entered.WaitAsync();
        Assert.That(lost.IsCancellationRequested, Is.False);
        _clock.Advance(Limit + Lease);

        using var second = await app.PostAsync("/orders", "k").Soon();
        using var zombie = await first.Soon();

        Assert.That(lost.IsCancellationRequested, Is.True);
        Assert.That(tokens[1], Is.GreaterThan(0));
        Assert.That(tokens[2] > tokens[1]);
    }

    [Test]
    public async Task AnswerOfAnActionThatRanTooLongIsSentWhole([Values] bool asksForTheToken)
    {
        var script = new Script(async (http, run) =>
        {
            if (asksForTheToken)
                _ = http.RequestAborted;
            _entered.Fire();
            await _release.WaitAsync();
            return Script.Answer(run);
        });
        await using var app = await StartAsync(script);
        var first = app.PostAsync("/orders", "k");
        await _entered.WaitAsync();
        _clock.Advance(Limit);

        using var late = await ReleaseAsync(first);
        using var retry = await app.PostAsync("/orders", "k");

        await late.IsRunAsync(1);
        if (asksForTheToken)
            await retry.IsProblemAsync(409, "not-replayable");
        else
            await retry.IsReplayOfAsync(1);
    }

    [Test]
    public async Task MaxExecutionTimeFiresRequestAborted([Values] FailureBehavior whenFailed)
    {
        var script = UntilAborted();
        await using var app = await StartAsync(script, o => o.WhenFailed = whenFailed);
        var first = app.PostAsync("/orders", "k");
        await _entered.WaitAsync();
        _clock.Advance(Limit);

        Assert.That((await first.Soon()).StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        using var retry = await app.PostAsync("/orders", "k");
        if (whenFailed is FailureBehavior.Block)
            await retry.IsProblemAsync(409, "outcome-unknown");
        else
            await retry.IsRunAsync(2);
    }

    [Test]
    public async Task MaxExecutionTimeCountsFromTheStartOfTheExecution()
    {
        CancellationToken aborted = default;
        var script = new Script(async (http, run) =>
        {
            _entered.Fire();
            await _release.WaitAsync();
            aborted = http.RequestAborted;
            _clock.Advance(TimeSpan.FromSeconds(1));
            return aborted.IsCancellationRequested ? new StatusCodeResult(202) : Script.Answer(run);
        });
        await using var app = await StartAsync(script);
        var first = app.PostAsync("/orders", "k");
        await _entered.WaitAsync();
        _clock.Advance(Limit - TimeSpan.FromSeconds(1));

        using var response = await ReleaseAsync(first);

        Assert.That(aborted.IsCancellationRequested, Is.True);
    }

    [Test]
    public async Task AnswerReturnedAfterTheTokenFiredIsNotReplayable()
    {
        var script = UntilAborted(returns: true);
        await using var app = await StartAsync(script);
        var first = app.PostAsync("/orders", "k");
        await _entered.WaitAsync();
        _clock.Advance(Limit);

        Assert.That((await first.Soon()).StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
        using var retry = await app.PostAsync("/orders", "k");
        await retry.IsProblemAsync(409, "not-replayable");
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task AnswerInTimeIsKeptAlthoughItsTokenWasAskedFor()
    {
        var script = new Script((http, run) =>
        {
            http.RequestAborted.Register(() => { });
            _clock.Advance(Limit - TimeSpan.FromTicks(1));
            return Script.Answer(run);
        });
        await using var app = await StartAsync(script);
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");

        await retry.IsReplayOfAsync(1);
    }

    [Test]
    public async Task RequestTimeoutReachesTheAction([Values] bool returns)
    {
        var script = UntilAborted(returns);
        await using var app = await script.StartAsync<InterruptedController>(
            services: services => services.AddRequestTimeouts(o =>
                o.DefaultPolicy = new RequestTimeoutPolicy { Timeout = TimeSpan.FromSeconds(3) }),
            pipeline: app => app.UseRequestTimeouts());

        using var first = await app.PostAsync("/orders", "k").Soon();
        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(first.StatusCode, Is.EqualTo(returns ? HttpStatusCode.Accepted : HttpStatusCode.GatewayTimeout));
        if (returns)
            await retry.IsProblemAsync(409, "not-replayable");
        else
            await retry.IsRunAsync(2);
    }

    private Task<TestApp> StartAsync(Script script, Action<IdempotencyOptions>? options = null) =>
        script.StartAsync<InterruptedController>((Action<IdempotencyOptions>)Limits + options, _clock);

    private static void Limits(IdempotencyOptions options) =>
        (options.MaxExecutionTime, options.Lease, options.Retention) = (Limit, Lease, Retention);

    private static void Block(IdempotencyOptions options) => options.WhenInterrupted = InterruptedBehavior.Block;

    private Task<HttpResponseMessage> ReleaseAsync(Task<HttpResponseMessage> hanging)
    {
        _release.Fire();
        return hanging.Soon();
    }

    private Script Hanging(bool fails = false) => new(async (_, run) =>
    {
        if (run > 1)
            return Script.Answer(run);
        _entered.Fire();
        await _release.WaitAsync();
        return fails ? throw new InvalidOperationException() : Script.Answer(run);
    });

    private Script UntilAborted(bool returns = false) => new(async (http, run) =>
    {
        if (run > 1)
            return Script.Answer(run);
        var waiting = Task.Delay(Timeout.InfiniteTimeSpan, http.RequestAborted);
        _entered.Fire();
        try
        {
            await waiting.Soon();
        }
        catch (OperationCanceledException) when (returns)
        {
        }

        return new StatusCodeResult(202);
    });
}

[ApiController]
public sealed class InterruptedController(Script script) : ControllerBase
{
    [HttpPost("orders"), Idempotent]
    public Task<IActionResult> Order() => script.RunAsync(HttpContext);
}
