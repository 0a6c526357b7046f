using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.Tests.Wire;

/// <summary>Many requests at once.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ConcurrencyTests
{
    private readonly Signal _entered = new();
    private readonly Signal _release = new();

    [Test]
    public async Task FiftyParallelRequestsRunOnce()
    {
        var script = Hanging();
        await using var app = await script.StartAsync<ConcurrencyController>();
        var first = app.PostAsync("/orders", "k");
        await _entered.WaitAsync();
        var rejected = await PostManyAsync(app, 24);
        var racing = Enumerable.Range(0, 25).Select(_ => app.PostAsync("/orders", "k")).ToArray();
        _release.Fire();

        await (await first.Soon()).IsRunAsync(1);
        foreach (var response in rejected)
            await response.IsProblemAsync(409, "in-flight");
        foreach (var response in await Task.WhenAll(racing).Soon())
        {
            await (response.StatusCode is HttpStatusCode.Conflict
                ? response.IsProblemAsync(409, "in-flight")
                : response.IsReplayOfAsync(1));
        }

        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task FiftyRequestsThatStartTogetherRunOnce()
    {
        var script = new Script(async (_, run) =>
        {
            await Task.Yield();
            return Script.Answer(run);
        });
        await using var app = await script.StartAsync<ConcurrencyController>();

        var responses = await PostManyAsync(app, 50);

        Assert.That(script.Runs, Is.EqualTo(1));
        Assert.That(responses.Count(r => r.StatusCode is HttpStatusCode.Created && !r.IsReplay()), Is.EqualTo(1));
        Assert.That(responses.Select(r => r.StatusCode), Is.All.EqualTo(HttpStatusCode.Created).Or.EqualTo(HttpStatusCode.Conflict));
    }

    [Test]
    public async Task AllWaitersGetTheFirstAnswer()
    {
        var script = Hanging();
        var store = new FaultyStore();
        await using var app = await script.StartAsync<ConcurrencyController>(Waits, store: store);
        var first = app.PostAsync("/orders", "k");
        var waiters = await PostWaitersAsync(app, store, 20);
        _release.Fire();

        await (await first.Soon()).IsRunAsync(1);
        foreach (var response in await Task.WhenAll(waiters).Soon())
            await response.IsReplayOfAsync(1);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task ExactlyOneWaiterTakesOverWhenTheFirstFails([Values] bool throws)
    {
        var script = Hanging((http, run) =>
            run > 1 ? Script.Answer(run) : throws ? throw new InvalidOperationException() : Script.Answer(run, 500));
        var store = new FaultyStore();
        await using var app = await script.StartAsync<ConcurrencyController>(Waits, store: store);
        var first = app.PostAsync("/orders", "k");
        var waiters = await PostWaitersAsync(app, store, 10);
        _release.Fire();

        Assert.That((await first.Soon()).StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        var responses = await Task.WhenAll(waiters).Soon();
        await responses.Single(r => !r.IsReplay()).IsRunAsync(2);
        foreach (var response in responses.Where(r => r.IsReplay()))
            await response.IsReplayOfAsync(2);
        Assert.That(script.Runs, Is.EqualTo(2));
    }

    [Test]
    public async Task WaiterOfAnotherRequestIsToldOfTheReuse()
    {
        var store = new FaultyStore();
        await using var app = await Hanging().StartAsync<ConcurrencyController>(Waits, store: store);
        var first = app.PostAsync("/orders", "k");
        var waiters = await PostWaitersAsync(app, store, 1, "/orders?other");
        _release.Fire();

        await (await waiters[0].Soon()).IsProblemAsync(422, "key-reused");
        await (await first.Soon()).IsRunAsync(1);
    }

    [Test]
    public async Task WaiterThatLeavesDisturbsNobody()
    {
        var script = Hanging();
        var store = new FaultyStore();
        await using var app = await script.StartAsync<ConcurrencyController>(Waits, store: store);
        var first = app.PostAsync("/orders", "k");
        await _entered.WaitAsync();
        using (var leaving = new RawConnection(app.Address))
        {
            leaving.Send("POST /orders HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\nContent-Length: 0\r\n\r\n");
            await Waiting.UntilAsync(() => store.Waits == 1);
            leaving.Abort();
        }

        await Waiting.UntilAsync(() => store.WaitsCancelled == 1);
        var waiter = app.PostAsync("/orders", "k");
        await Waiting.UntilAsync(() => store.Waits == 2);
        _release.Fire();

        await (await first.Soon()).IsRunAsync(1);
        await (await waiter.Soon()).IsReplayOfAsync(1);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task WaitThatTimesOutIsInFlight()
    {
        var clock = new FakeTimeProvider();
        var store = new FaultyStore(clock);
        await using var app = await Hanging().StartAsync<ConcurrencyController>(Waits, clock, store);
        var first = app.PostAsync("/orders", "k");
        var waiters = await PostWaitersAsync(app, store, 1);
        clock.Advance(TimeSpan.FromSeconds(20));

        using var waiter = await waiters[0].Soon();
        await waiter.IsProblemAsync(409, "in-flight");
        Assert.That(waiter.Headers.RetryAfter, Is.Not.Null);
        _release.Fire();
        await (await first.Soon()).IsRunAsync(1);
    }

    [Test]
    public async Task UnrelatedKeysRunInParallel()
    {
        var all = new CountdownEvent(8);
        var script = new Script(async (_, run) =>
        {
            if (all.Signal())
                _release.Fire();
            await _release.WaitAsync();
            return Script.Answer(run);
        });
        await using var app = await script.StartAsync<ConcurrencyController>();

        var responses = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => app.PostAsync("/orders", $"k{i}"))).Soon();

        Assert.That(responses.Select(r => r.StatusCode), Is.All.EqualTo(HttpStatusCode.Created));
        Assert.That(script.Runs, Is.EqualTo(8));
    }

    private static void Waits(IdempotencyOptions options)
    {
        options.WhenInFlight = InFlightBehavior.Wait;
        options.WaitTimeout = TimeSpan.FromSeconds(20);
    }

    private static Task<HttpResponseMessage[]> PostManyAsync(TestApp app, int count) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(_ => app.PostAsync("/orders", "k"))).Soon();

    private async Task<Task<HttpResponseMessage>[]> PostWaitersAsync(TestApp app, FaultyStore store, int count, string path = "/orders")
    {
        await _entered.WaitAsync();
        var waiters = Enumerable.Range(0, count).Select(_ => app.PostAsync(path, "k")).ToArray();
        await Waiting.UntilAsync(() => store.Waits == count);
        return waiters;
    }

    private Script Hanging(Func<HttpContext, int, IActionResult>? act = null) => new(async (http, run) =>
    {
        _entered.Fire();
        await _release.WaitAsync();
        return act is null ? Script.Answer(run) : act(http, run);
    });
}

[ApiController]
public sealed class ConcurrencyController(Script script) : ControllerBase
{
    [HttpPost("orders"), Idempotent]
    public Task<IActionResult> Order() => script.RunAsync(HttpContext);
}
