using System.Text;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>Simultaneous requests with one key in one process: a record is read for all of them, a claim is one request's own.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RedisSharedReplayTests : OwnRedisTests
{
    private const int Many = 1000;

    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromMinutes(2) };

    private readonly string _key = RedisStores.NewKey();
    private RedisStores _stores = null!;

    [SetUp]
    public async Task OpenStoresAsync()
    {
        _stores = RedisStores.Over(Server);
        // Connected, and the server knows the scripts.
        await RedisStores.CompleteAsync(await _stores.AcquireAsync(_key + "other", Held), "record");
        await (await _stores.AcquireAsync(_key + "another", Held)).DisposeAsync();
    }

    [TearDown]
    public async Task CloseStoresAsync() => await _stores.DisposeAsync();

    [Test]
    public async Task ThousandReplaysAtOnceShareCalls([Values(10, 200_000)] int length)
    {
        var record = new string('r', length);
        await RedisStores.CompleteAsync(await _stores.AcquireAsync(_key, Held), record);

        var results = await AtOnceAsync(Held with { PreviewLength = 85 });

        // One that was alone, one that was not, and one for all who came during these.
        Assert.That((await Server.CommandStatsAsync())["evalsha"], Is.LessThanOrEqualTo(3));
        Assert.That(results.Select(result => result.Outcome), Is.All.EqualTo(ClaimOutcome.Completed));
        await Server.ExecuteAsync("CONFIG", "RESETSTAT");
        var whole = await Task.WhenAll(results.Select(async result =>
            Encoding.UTF8.GetString((result.IsPartial ? await result.ClaimAgainAsync(default) : result).Record)));
        Assert.That(whole, Is.All.EqualTo(record));
        Assert.That((await Server.CommandStatsAsync()).GetValueOrDefault("evalsha"), Is.LessThan(Many / 10));
    }

    [Test]
    public async Task OneOfAThousandAtOnceAcquiresTheKey()
    {
        var results = await AtOnceAsync(Held);

        Assert.That(results.Count(result => result.Outcome is ClaimOutcome.Acquired), Is.EqualTo(1));
        Assert.That(results.Count(result => result.Outcome is ClaimOutcome.InFlight), Is.EqualTo(Many - 1));
        var claim = results.Single(result => result.Claim is not null).Claim!;
        Assert.That(await RedisStores.CompleteAsync(claim, "record"), Is.EqualTo(CompletionOutcome.Stored));
    }

    [Test]
    public async Task ReleaseAmongManyAtOnceLetsOneOtherRun()
    {
        for (var round = 0; round < 50; round++)
        {
            var key = $"{_key}:{round}";
            var held = 0;
            await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
            {
                using var result = await _stores.Store.ClaimAsync(key, Held, default);
                if (result.Claim is not { } claim)
                    return;
                Assert.That(Interlocked.Increment(ref held), Is.EqualTo(1), "two held the key");
                await Task.Yield();
                Interlocked.Decrement(ref held);
                await claim.DisposeAsync();
            }));
        }
    }

    [Test]
    public async Task WhoLeavesDisturbsNobody()
    {
        await RedisStores.CompleteAsync(await _stores.AcquireAsync(_key, Held), "record");
        await Server.PauseAsync();
        using var leaving = new CancellationTokenSource();
        // Every second one leaves, among them those whose call the others would have shared.
        var stay = new List<Task<ClaimResult>>();
        var leave = new List<Task<ClaimResult>>();
        for (var i = 0; i < 100; i++)
        {
            leave.Add(_stores.Store.ClaimAsync(_key, Held, leaving.Token).AsTask());
            stay.Add(_stores.Store.ClaimAsync(_key, Held, default).AsTask());
        }

        await leaving.CancelAsync();
        await Server.ResumeAsync();

        foreach (var left in leave)
            Assert.That(async () => await left.Soon(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That((await Task.WhenAll(stay).Soon()).Select(result => result.Outcome), Is.All.EqualTo(ClaimOutcome.Completed));
        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("record"));
    }

    [Test]
    public async Task RecordThatWasForgottenIsNotSharedWithThoseWhoComeAfterwards()
    {
        await RedisStores.CompleteAsync(await _stores.AcquireAsync(_key, Held), "record");
        await using var proxy = new CuttableProxy(Server.Port);
        await using var far = RedisStores.Over(proxy.Address);
        await far.AskAsync(_key, Held);
        await Server.ExecuteAsync("CONFIG", "RESETSTAT");
        proxy.HoldReplies();
        // Two calls have found the record, and their replies are on the way.
        var early = new[] { far.AskAsync(_key, Held), far.AskAsync(_key, Held) };
        await Waiting.UntilAsync(async () => (await Server.CommandStatsAsync()).GetValueOrDefault("evalsha") == early.Length);

        await Server.ExecuteAsync("DEL", _key);
        var late = new[] { far.AskAsync(_key, Held), far.AskAsync(_key, Held) };
        proxy.ReleaseReplies();

        Assert.That(await Task.WhenAll(early).Soon(), Is.All.EqualTo("record"));
        Assert.That(await Task.WhenAll(late).Soon(), Is.EquivalentTo(["Acquired", "InFlight"]));
    }

    [Test]
    public async Task ThousandFirstRequestsAtOnceRunOnce([Values] InFlightBehavior whenInFlight)
    {
        var release = new Signal();
        var script = new Script(async (_, run) =>
        {
            await release.WaitAsync();
            return Script.Answer(run);
        });
        await using var app = await script.StartAsync<RedisController>(
            options =>
            {
                options.WhenInFlight = whenInFlight;
                options.WaitTimeout = TimeSpan.FromMinutes(1);
            },
            services: services => services.AddIdempotency().UseRedis(Server.Address, RedisStores.BePatient));

        var posts = Enumerable.Range(0, Many).Select(_ => app.PostAsync("/redis", "k")).ToList();
        if (whenInFlight is InFlightBehavior.Reject)
            await Waiting.UntilAsync(() => posts.Count(post => post.IsCompleted) == Many - 1);
        else
            await Waiting.UntilAsync(() => script.Runs == 1);
        release.Fire();

        var runs = 0;
        foreach (var post in posts)
        {
            using var answer = await post.Soon();
            if (whenInFlight is InFlightBehavior.Reject && (int)answer.StatusCode == 409)
                continue;
            Assert.That(await answer.TextAsync(), Is.EqualTo("""{"run":1}"""));
            runs += answer.IsReplay() ? 0 : 1;
        }

        Assert.That(runs, Is.EqualTo(1));
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    /// <summary>All are on their way before the first is answered.</summary>
    private async Task<ClaimResult[]> AtOnceAsync(ClaimOptions options)
    {
        await Server.ExecuteAsync("CONFIG", "RESETSTAT");
        await Server.PauseAsync();
        var claims = Enumerable.Range(0, Many).Select(_ => _stores.Store.ClaimAsync(_key, options, default).AsTask()).ToList();
        await Server.ResumeAsync();
        return await Task.WhenAll(claims).Soon();
    }
}
