using Medallion.Threading;
using Medallion.Threading.Redis;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Tests.Medallion;

/// <summary>
/// Redis for the records and for the lock, on one connection, as README.md and
/// docs/distributed-cache.md show it.
/// </summary>
internal sealed class ClassicPairingTests
{
    private readonly string _key = $"{Guid.NewGuid():N}";
    private RedisServer _server = null!;

    [OneTimeSetUp]
    public async Task FindServer()
    {
        _server = await SharedRedis.ServerAsync();
    }

    [Test]
    public async Task InstancesRunOnceAndReplayEachOther()
    {
        var runs = new Runs();
        await using var first = await StartAsync(() => Task.FromResult(runs.Next()));
        await using var second = await StartAsync(() => Task.FromResult(runs.Next()));

        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => (i % 2 == 0 ? first : second).AnswerAsync("/pay", _key)));

        Assert.That(runs.Count, Is.EqualTo(1));
        Assert.That(answers.Distinct(), Is.EquivalentTo(["200 1", "200 1 replayed"]));
        Assert.That(answers.Count(answer => answer == "200 1"), Is.EqualTo(1));
    }

    [Test]
    public async Task KeyInFlightInOneIsLockedAtTheServerAndRefusedByTheOther()
    {
        var (entered, release) = (new Signal(), new Signal());
        var runs = new Runs();
        await using var first = await StartAsync(
            async () =>
            {
                entered.Fire();
                await release.WaitAsync();
                return runs.Next();
            },
            InFlightBehavior.Reject);
        await using var second = await StartAsync(() => Task.FromResult(runs.Next()), InFlightBehavior.Reject);
        var running = first.AnswerAsync("/pay", _key + "2");
        await entered.WaitAsync();

        Assert.That(await second.AnswerAsync("/pay", _key + "2"), Is.EqualTo("409 in-flight"));
        Assert.That(await LocksAsync(), Has.Length.EqualTo(1));
        release.Fire();

        Assert.That(await running, Is.EqualTo("200 1"));
        Assert.That(await second.AnswerAsync("/pay", _key + "2"), Is.EqualTo("200 1 replayed"));
        await Waiting.UntilAsync(async () => (await LocksAsync()).Length == 0);
    }

    private string Prefix => $"pairing-{_key}:";

    private async Task<object?[]> LocksAsync() => (object?[])(await _server.ExecuteAsync("KEYS", $"{Prefix}*:lock"))!;

    private async Task<TestApp> StartAsync(Func<Task<int>> action, InFlightBehavior whenInFlight = InFlightBehavior.Wait)
    {
        var redis = await ConnectionMultiplexer.ConnectAsync(_server.Address);
        return await Answers.StartAsync(
            app => app.MapPost("/pay", action).RequireIdempotency(),
            services =>
            {
                services.AddStackExchangeRedisCache(
                    options => options.ConnectionMultiplexerFactory = () => Task.FromResult<IConnectionMultiplexer>(redis));
                services.AddSingleton<IDistributedLockProvider>(
                    _ => new RedisDistributedSynchronizationProvider(
                        redis.GetDatabase(), lockOptions => lockOptions.Expiry(TimeSpan.FromSeconds(30))));
                services.AddIdempotency(options => (options.KeyPrefix, options.WhenInFlight) = (Prefix, whenInFlight))
                    .UseDistributedCache()
                    .UseMedallionLock();
            });
    }
}
