using System.Collections.Concurrent;
using System.Text;
using Idempotency.Filters.Stores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>Several stores, and several applications, that share a cluster. Each store is told of one node, and finds the others.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal sealed class RedisClusterTests
{
    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromMinutes(1) };

    private readonly string _scope = $"{RedisStores.NewKey()}:";
    private RedisCluster _cluster = null!;
    private RedisStores _one = null!;
    private RedisStores _two = null!;

    private IEnumerable<string> Keys => Enumerable.Range(0, 60).Select(number => $"{_scope}{number}");

    [SetUp]
    public async Task StartAsync()
    {
        _cluster = await RedisCluster.StartAsync();
        _one = RedisStores.Over(_cluster.Nodes[0]);
        _two = RedisStores.Over(_cluster.Nodes[2]);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _one.DisposeAsync();
        await _two.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Test]
    public async Task KeysOfAllNodesAreClaimedReplayedAndReleased()
    {
        foreach (var key in Keys)
        {
            var claim = await _one.AcquireAsync(key, Held);
            Assert.That(await _two.AskAsync(key, Held), Is.EqualTo("InFlight"));
            await RedisStores.CompleteAsync(claim, key);
            Assert.That(await _two.AskAsync(key, Held), Is.EqualTo(key));

            await (await _one.AcquireAsync(key + "released", Held)).DisposeAsync();
            Assert.That(await _two.AskAsync(key + "released", Held), Is.EqualTo("Acquired"));
        }

        await AssertAllNodesHaveKeysAsync();
    }

    [Test]
    public async Task WaitersAreWokenWhereverTheyAskAndWhereverTheKeyIs()
    {
        // The client has found all nodes, and has received a message.
        foreach (var key in Keys)
            await (await _two.AcquireAsync(key, Held)).DisposeAsync();
        var first = await _one.AcquireAsync(_scope + "first", Held);
        var firstWaiter = _two.WaitAsync(_scope + "first", Held);
        await UntilSomebodyWaitsAsync(_scope + "first");
        await RedisStores.CompleteAsync(first, "first");
        (await firstWaiter.Soon()).Dispose();
        var claims = await Task.WhenAll(Keys.Select(async key => (Key: key, Claim: await _one.AcquireAsync(key, Held))));
        var waiters = Keys.Select(key => _two.WaitAsync(key, Held)).ToList();
        // Each of them has asked to be told.
        foreach (var key in Keys)
            await UntilSomebodyWaitsAsync(key);

        foreach (var (key, claim) in claims)
            await RedisStores.CompleteAsync(claim, key);

        // But for two: a client was seen to miss a message, which costs the rest of the lease, and that is longer than this test.
        var woken = Keys.Zip(waiters).ToList();
        await Waiting.UntilAsync(() => woken.Count(waiter => waiter.Second.IsCompleted) >= woken.Count - 2);
        foreach (var (key, waiter) in woken.Where(waiter => waiter.Second.IsCompleted))
            Assert.That(Encoding.UTF8.GetString((await waiter).Record), Is.EqualTo(key));
        await AssertAllNodesHaveKeysAsync();
    }

    [Test]
    public async Task KeysOfAllNodesAreFoundResolvedAndForgotten()
    {
        foreach (var key in Keys)
            await RedisStores.CompleteAsync(await _one.AcquireAsync(key, Held), "record");
        await _one.AcquireAsync(_scope + "held", Held);
        foreach (var key in Keys)
        {
            var found = await _two.Administration.FindAsync(key, CancellationToken.None);
            Assert.That(
                await _two.Administration.ResolveAsync(key, found!, new("resolved"u8.ToArray()), null, CancellationToken.None), Is.True);
        }

        await AssertAllNodesHaveKeysAsync();
        Assert.That(await _one.AskAsync(Keys.First(), Held), Is.EqualTo("resolved"));

        Assert.That(await _one.Administration.ForgetAsync(_scope, CancellationToken.None), Is.EqualTo(Keys.Count()));

        Assert.That(await _two.AskAsync(_scope + "held", Held), Is.EqualTo("InFlight"));
        Assert.That(await Task.WhenAll(Keys.Select(key => _two.AskAsync(key, Held))), Is.All.EqualTo("Acquired"));
    }

    /// <summary>By the clock of the test, which begins the renewals, and ends no wait for an answer.</summary>
    [Test]
    public async Task SlowRenewalDelaysNoOther()
    {
        var clock = new FakeTimeProvider();
        await using var stores = RedisStores.Over(_cluster.Addresses, clock: clock);
        var slow = Keys.First();
        var slowNode = await _cluster.NodeOfAsync(slow);
        var others = new List<(string Key, RedisServer Node)>();
        await stores.AcquireAsync(slow, Held);
        foreach (var key in Keys.Skip(1))
        {
            var node = await _cluster.NodeOfAsync(key);
            await stores.AcquireAsync(key, Held);
            if (node != slowNode)
                others.Add((key, node));
        }

        Assert.That(others, Is.Not.Empty);
        foreach (var (key, node) in others)
            await node.ExecuteAsync("PEXPIRE", key, "60000");
        await slowNode.PauseAsync();

        clock.Advance(Held.Lease / 2);

        foreach (var (key, node) in others)
            await Waiting.UntilAsync(async () => (long)(await node.ExecuteAsync("PTTL", key))! > 60_000);
        await slowNode.ResumeAsync();
    }

    [Test]
    public async Task CrowdAtTwoApplicationsRunsEachKeyOnce()
    {
        var runs = new ConcurrentDictionary<string, int>();
        var script = new Script(async (http, run) =>
        {
            runs.AddOrUpdate(http.Request.Headers["Idempotency-Key"]!, 1, (_, count) => count + 1);
            await Task.Delay(run % 5);
            return Script.Answer(run);
        });
        await using var one = await StartAppAsync(script, _cluster.Nodes[0]);
        await using var two = await StartAppAsync(script, _cluster.Nodes[1]);

        var answers = await Task.WhenAll(Enumerable.Range(0, 400).Select(async number =>
        {
            using var response = await (number % 2 == 0 ? one : two).PostAsync("/redis", $"key-{number / 4}");
            return (Key: number / 4, Status: (int)response.StatusCode, Text: await response.TextAsync());
        })).Soon();

        Assert.That(answers.Select(answer => answer.Status), Is.All.EqualTo(201));
        var differentAnswers = answers
            .GroupBy(answer => answer.Key)
            .Select(ofKey => ofKey.Select(answer => answer.Text).Distinct().Count());
        Assert.That(differentAnswers, Is.All.EqualTo(1));
        Assert.That(runs.Values, Has.Count.EqualTo(100).And.All.EqualTo(1));
        await AssertAllNodesHaveKeysAsync();
    }

    private static Task<TestApp> StartAppAsync(Script script, RedisServer node) => script.StartAsync<RedisController>(
        options =>
        {
            options.WhenInFlight = InFlightBehavior.Wait;
            options.WaitTimeout = TimeSpan.FromMinutes(1);
        },
        services: services => services.AddIdempotency().UseRedis(node.Address, RedisStores.BePatient));

    private async Task UntilSomebodyWaitsAsync(string key) =>
        await RedisStores.UntilSomebodyWaitsAsync(await _cluster.NodeOfAsync(key), key);

    private async Task AssertAllNodesHaveKeysAsync()
    {
        foreach (var node in _cluster.Nodes)
            Assert.That(await node.ExecuteAsync("DBSIZE"), Is.Positive);
    }
}
