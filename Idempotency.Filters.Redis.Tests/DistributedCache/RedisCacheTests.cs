using System.Buffers;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.DistributedCache;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Redis.Tests.DistributedCache;

/// <summary>What Microsoft's Redis cache does beyond the contract, seen at the server, and by two applications that share it.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RedisCacheTests
{
    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromMinutes(1) };

    private readonly InProcessLock _lock = new();
    private readonly string _key = $"redis-cache:{Guid.NewGuid():N}:key";
    private RedisServer _server = null!;

    [OneTimeSetUp]
    public async Task FindServer()
    {
        _server = await SharedRedis.ServerAsync();
    }

    [Test]
    public async Task CacheReadsAndWritesBuffers()
    {
        await using var services = CreateServices();

        Assert.That(services.GetRequiredService<IDistributedCache>(), Is.InstanceOf<IBufferDistributedCache>());
    }

    [Test]
    public async Task RecordWithoutRetentionHasNoEndAtTheServer()
    {
        await using var services = CreateServices();
        var key = _key + nameof(RecordWithoutRetentionHasNoEndAtTheServer);

        await CompleteAsync(services, key, [1, 2, 3], null);

        Assert.That(await _server.ExecuteAsync("PTTL", key), Is.EqualTo(-1));
        Assert.That(await RecordAsync(services, key), Is.EqualTo(new byte[] { 1, 2, 3 }));
    }

    [Test]
    public async Task RecordEndsAtTheServerWithItsRetention()
    {
        await using var services = CreateServices();
        var key = _key + nameof(RecordEndsAtTheServerWithItsRetention);

        await CompleteAsync(services, key, [1], TimeSpan.FromHours(1));
        await RecordAsync(services, key);

        Assert.That((long)(await _server.ExecuteAsync("PTTL", key))!, Is.InRange(1, 3_600_000));
    }

    [Test]
    public async Task LargeRecordIsReadByAnotherInstanceByteForByte()
    {
        await using var services = CreateServices();
        await using var others = CreateServices();
        var record = new byte[1_500_000];
        new Random(1).NextBytes(record);

        await CompleteAsync(services, _key, record, null);

        Assert.That(await RecordAsync(others, _key), Is.EqualTo(record));
    }

    [TestCase("LPUSH")]
    [TestCase("SADD")]
    [TestCase("SET")]
    public async Task ValueOfAnotherTypeIsFoundUnreadableAndFreed(string command)
    {
        await using var services = CreateServices();
        var key = $"{_key}:{command}";
        await _server.ExecuteAsync(command, key, "foreign");
        var store = services.GetRequiredService<IIdempotencyStore>();
        var administration = (IIdempotencyStoreAdministration)store;

        Assert.That(async () => await store.ClaimAsync(key.ToStorageKey(), Held, default), Throws.Exception);
        var found = await administration.FindAsync(key.ToStorageKey(), default);
        Assert.That((found!.State, found.Record.IsEmpty), Is.EqualTo((ClaimOutcome.Completed, true)));
        Assert.That(await administration.ResolveAsync(key.ToStorageKey(), found, null, null, default), Is.True);

        using var free = await store.ClaimAsync(key.ToStorageKey(), Held, default);
        Assert.That(free.Outcome, Is.EqualTo(ClaimOutcome.Acquired));
        await free.Claim!.DisposeAsync();
    }

    [Test]
    public async Task InstancesThatShareTheLockRunOnceAndReplayEachOther()
    {
        var runs = new Runs();
        await using var first = await StartAsync(runs);
        await using var second = await StartAsync(runs);

        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => (i % 2 == 0 ? first : second).AnswerAsync("/pay", _key)));

        Assert.That(runs.Count, Is.EqualTo(1));
        Assert.That(answers.Distinct(), Is.EquivalentTo(["200 1", "200 1 replayed"]));
        Assert.That(answers.Count(answer => answer == "200 1"), Is.EqualTo(1));
    }

    [Test]
    public async Task ServerThatIsAwayIsA503AndFoundWhenItIsBack()
    {
        await using var server = await RedisServer.StartAsync("--appendonly", "yes");
        var runs = new Runs();
        await using var app = await StartAsync(runs, server, TimeSpan.FromSeconds(2));
        Assert.That(await app.AnswerAsync("/pay", "before"), Is.EqualTo("200 1"));

        await server.StopAsync();
        Assert.That(await app.AnswerAsync("/pay", "while"), Is.EqualTo("503 store-unavailable"));
        await server.RestartAsync();
        await Waiting.UntilAsync(async () => await app.AnswerAsync("/pay", "before") == "200 1 replayed");

        Assert.That(runs.Count, Is.EqualTo(1));
    }

    private ServiceProvider CreateServices()
    {
        var services = new ServiceCollection().AddRedisCache(_server);
        services.AddIdempotency().UseDistributedCache().UseLock(_ => _lock);
        return services.BuildServiceProvider();
    }

    private Task<TestApp> StartAsync(Runs runs, RedisServer? server = null, TimeSpan? operationTimeout = null) => Answers.StartAsync(
        app => app.MapPost("/pay", () => runs.Next()).RequireIdempotency(),
        services =>
        {
            services.AddRedisCache(server ?? _server);
            services.AddIdempotency(options => options.WhenInFlight = InFlightBehavior.Wait)
                .UseDistributedCache(options => options.OperationTimeout = operationTimeout ?? TimeSpan.FromSeconds(20))
                .UseLock(_ => _lock);
        });

    private static async Task CompleteAsync(ServiceProvider services, string key, byte[] record, TimeSpan? retention)
    {
        using var result = await services.GetRequiredService<IIdempotencyStore>().ClaimAsync(key, Held, CancellationToken.None);
        using var completion = await result.Claim!.CompleteAsync(new(record), retention, CancellationToken.None);
        Assert.That(completion.Outcome, Is.EqualTo(CompletionOutcome.Stored));
    }

    private static async Task<byte[]> RecordAsync(ServiceProvider services, string key)
    {
        using var result = await services.GetRequiredService<IIdempotencyStore>().ClaimAsync(key, Held, CancellationToken.None);
        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Completed));
        return result.Record.ToArray();
    }
}
