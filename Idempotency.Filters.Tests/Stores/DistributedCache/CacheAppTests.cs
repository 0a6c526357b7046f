using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Stores.DistributedCache;

/// <summary>Two applications that share one cache and one lock, as two instances behind a load balancer do.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class CacheAppTests
{
    private readonly TestClock _clock = new() { PassInRealTime = TimeSpan.FromSeconds(1) };
    private readonly Chaos _chaos = new();
    private readonly Signal _entered = new();
    private readonly Signal _release = new();
    private readonly IDistributedCache _cache;
    private readonly ChaosLock _lock;

    public CacheAppTests()
    {
        _cache = new ChaosCache(MemoryCaches.Create(_clock), _chaos);
        _lock = new ChaosLock(_chaos);
    }

    [Test]
    public async Task AnswerOfOneIsReplayedByTheOther()
    {
        Script script = new(), other = new();
        await using var first = await StartAsync(script);
        await using var second = await StartAsync(other);

        await (await first.PostAsync("/cached", "k")).IsRunAsync(1);

        await (await second.PostAsync("/cached", "k")).IsReplayOfAsync(1);
        Assert.That(other.Runs, Is.Zero);
    }

    [Test]
    public async Task KeyThatIsInFlightInOneIsRefusedByTheOther()
    {
        var script = Hanging();
        await using var first = await StartAsync(script);
        await using var second = await StartAsync(script);
        var running = first.PostAsync("/cached", "k");
        await _entered.WaitAsync();

        using var refused = await second.PostAsync("/cached", "k");
        _release.Fire();

        await refused.IsProblemAsync(409, "in-flight");
        await (await running).IsRunAsync(1);
    }

    [Test]
    public async Task WaiterInOneGetsTheAnswerOfTheOther()
    {
        var script = Hanging();
        await using var first = await StartAsync(script);
        await using var second = await StartAsync(script, o => o.WhenInFlight = InFlightBehavior.Wait);
        var running = first.PostAsync("/cached", "k");
        await _entered.WaitAsync();
        _chaos.Forget();

        var waiting = second.PostAsync("/cached", "k");
        await Waiting.UntilAsync(() => _chaos.Count("lock") > 2);
        _release.Fire();

        await (await running).IsRunAsync(1);
        await (await waiting.Soon()).IsReplayOfAsync(1);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task ManyKeysRunOnceEachAcrossBoth()
    {
        var script = new Script();
        await using var first = await StartAsync(script, o => o.WhenInFlight = InFlightBehavior.Wait);
        await using var second = await StartAsync(script, o => o.WhenInFlight = InFlightBehavior.Wait);

        var answers = await Task.WhenAll(Enumerable.Range(0, 160).Select(async i =>
        {
            using var response = await (i % 2 == 0 ? first : second).PostAsync("/cached", $"k{i / 8}");
            return (Key: i / 8, Text: await response.TextAsync());
        })).Soon();

        Assert.That(script.Runs, Is.EqualTo(20));
        Assert.That(answers.GroupBy(answer => answer.Key).Select(key => key.Distinct().Count()), Is.All.EqualTo(1));
    }

    [Test]
    public async Task LostLockIsToldToTheActionAndTheRecordIsKept()
    {
        var script = new Script(async (http, run) =>
        {
            var lost = http.RequestServices.GetRequiredService<IIdempotencyContext>().LeaseLost;
            lost.Register(_release.Fire);
            await _lock.LoseAsync();
            await _release.WaitAsync();
            return Script.Answer(run);
        });
        await using var app = await StartAsync(script);

        await (await app.PostAsync("/cached", "k").Soon()).IsRunAsync(1);

        await (await app.PostAsync("/cached", "k")).IsReplayOfAsync(1);
    }

    [Test]
    public async Task CacheOrLockThatFailsIsA503AndTheActionDoesNotRun([Values("get", "lock")] string call)
    {
        var script = new Script();
        await using var app = await StartAsync(script);
        _chaos.On = name => name == call ? Fault.Fails : Fault.None;

        using var response = await app.PostAsync("/cached", "k");

        await response.IsProblemAsync(503, "store-unavailable");
        Assert.That(script.Runs, Is.Zero);
    }

    [Test]
    public async Task ReplyOfAClaimThatIsLostUnderRefuseLetsTheNextRequestRun()
    {
        await using var app = await StartAsync(new Script(), o => o.WhenInterrupted = InterruptedBehavior.Block);
        _chaos.Once("set", Fault.LosesReply);

        await (await app.PostAsync("/cached", "k")).IsProblemAsync(503, "store-unavailable");

        await (await app.PostAsync("/cached", "k")).IsRunAsync(1);
    }

    [Test]
    public async Task ReplyOfACompletionThatIsLostIsReplayed()
    {
        await using var app = await StartAsync(new Script());
        _chaos.Once("set", Fault.LosesReply);

        await (await app.PostAsync("/cached", "k")).IsRunAsync(1);

        await (await app.PostAsync("/cached", "k")).IsReplayOfAsync(1);
        Assert.That(_chaos.Count("set"), Is.EqualTo(2));
    }

    [Test]
    public async Task HungActionUnderRefuseIsOutcomeUnknownInTheOther()
    {
        var script = Hanging();
        await using var first = await StartAsync(script, Block);
        await using var second = await StartAsync(script, Block);
        var running = first.PostAsync("/cached", "k");
        await _entered.WaitAsync();

        _clock.Advance(TimeSpan.FromMinutes(6));
        await (await second.PostAsync("/cached", "k")).IsProblemAsync(409, "outcome-unknown");
        _release.Fire();

        await (await running).IsRunAsync(1);
        await (await second.PostAsync("/cached", "k")).IsReplayOfAsync(1);
    }

    [Test]
    public async Task ActionThatFailsFreesTheKeyForTheOther([Values] InterruptedBehavior whenInterrupted)
    {
        var script = new Script((_, run) => Script.Answer(run, run == 1 ? 500 : 201));
        await using var first = await StartAsync(script, o => o.WhenInterrupted = whenInterrupted);
        await using var second = await StartAsync(script, o => o.WhenInterrupted = whenInterrupted);

        await (await first.PostAsync("/cached", "k")).IsRunAsync(1, 500);

        await (await second.PostAsync("/cached", "k")).IsRunAsync(2);
    }

    [Test]
    public async Task KeyRunsEachTimeAtOnceWhileLockingIsOffAndIsReplayedLater()
    {
        var script = Hanging();
        await using var first = await StartAsync(script, locking: CacheLocking.Off);
        await using var second = await StartAsync(script, locking: CacheLocking.Off);
        var running = first.PostAsync("/cached", "k");
        await _entered.WaitAsync();

        await (await second.PostAsync("/cached", "k")).IsRunAsync(2);
        await (await second.PostAsync("/cached", "k")).IsReplayOfAsync(2);
        _release.Fire();
        await running;

        Assert.That(_chaos.Count("lock"), Is.Zero);
    }

    private static void Block(IdempotencyOptions options) => options.WhenInterrupted = InterruptedBehavior.Block;

    private Script Hanging() => new(async (_, run) =>
    {
        _entered.Fire();
        if (run == 1)
            await _release.WaitAsync();
        return Script.Answer(run);
    });

    private Task<TestApp> StartAsync(Script script, Action<IdempotencyOptions>? options = null, CacheLocking locking = CacheLocking.On) =>
        script.StartAsync<CachedController>(options, _clock, services: s => s
            .AddSingleton(_cache).AddIdempotency().UseDistributedCache(o => o.Locking = locking).UseLock(_ => _lock));
}

[ApiController, Route("cached")]
public sealed class CachedController(Script script) : ControllerBase
{
    [HttpPost, Idempotent]
    public Task<IActionResult> Post() => script.RunAsync(HttpContext);
}
