using System.Data.Common;
using System.Net.Sockets;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Moq;

namespace Idempotency.Filters.Tests.Engine;

/// <summary>
/// What an exception of a store means. <see cref="StoreDownBehavior.Execute"/> runs an action only when nobody could be asked whether it
/// has run already.
/// </summary>
internal sealed class StoreFailureTests
{
    private static readonly TestCaseData[] Kinds =
    [
        Kind("Timeout", new TimeoutException(), StoreFailure.Unreachable),
        Kind("IO", new IOException(), StoreFailure.Unreachable),
        Kind("Socket", new SocketException(), StoreFailure.Unreachable),
        Kind("Cancellation of its own", new TaskCanceledException(), StoreFailure.Unreachable),
        Kind("Socket inside", new InvalidOperationException("", new DownException("", new SocketException())), StoreFailure.Unreachable),
        Kind("No connection to Redis", new StackExchange.Redis.RedisConnectionException(
            StackExchange.Redis.ConnectionFailureType.UnableToConnect, ""), StoreFailure.Unreachable),
        Kind("Damaged", new InvalidDataException(), StoreFailure.Unreadable),
        Kind("Wrong type in Redis", new StackExchange.Redis.RedisServerException("WRONGTYPE Operation"), StoreFailure.Unreadable),
        Kind("Full", new IdempotencyStoreFullException("full"), StoreFailure.Full),
        Kind("Refused by Redis", new StackExchange.Redis.RedisServerException("OOM command not allowed"), StoreFailure.Unknown),
        Kind("Refused after a lost reply", new TimeoutException(
            "", new StackExchange.Redis.RedisServerException("OOM command not allowed")), StoreFailure.Unknown),
        Kind("Full inside", new IOException("", new IdempotencyStoreFullException("full")), StoreFailure.Unknown),
        Kind("Several, one of them damaged", new AggregateException(new TimeoutException(), new InvalidDataException()),
            StoreFailure.Unknown),
        Kind("Several of the network", new AggregateException(new TimeoutException(), new SocketException()), StoreFailure.Unreachable),
        Kind("Disk full", new IOException("no space", unchecked((int)0x80070070)), StoreFailure.Unknown),
        Kind("Truncated", new EndOfStreamException(), StoreFailure.Unknown),
        Kind("File missing", new FileNotFoundException(), StoreFailure.Unknown),
        Kind("Refused by a database", new DownException("syntax", null), StoreFailure.Unknown),
        Kind("Defect of the store", new InvalidOperationException(), StoreFailure.Unknown),
    ];

    [TestCaseSource(nameof(Kinds))]
    public async Task OnlyAStoreThatCannotBeReachedLetsAnActionRunAndOnlyByChoice(Exception exception, object meaning)
    {
        var failure = (StoreFailure)meaning;
        var code = failure is StoreFailure.Unreadable ? "record-unreadable" : "store-unavailable";

        Assert.That(StoreFailures.Of(exception), Is.EqualTo(failure));
        foreach (var behavior in Enum.GetValues<StoreDownBehavior>())
        {
            foreach (var phase in Enum.GetValues<Phase>())
            {
                var script = new Script();
                await using var app = await StartAsync(script, exception, behavior, phase);
                var runs = failure is StoreFailure.Unreachable && behavior is StoreDownBehavior.Execute && phase is Phase.Claim;

                using var response = await app.PostAsync(phase is Phase.Previous ? "/manual" : "/orders", "k");

                if (runs)
                    await response.IsRunAsync(1);
                else
                    await response.IsProblemAsync(503, code);
                Assert.That(script.Runs, Is.EqualTo(runs ? 1 : 0), $"{behavior} {phase}");
                Assert.That(runs || response.Headers.RetryAfter is not null);
            }
        }
    }

    [Test]
    public async Task CallerOverItsQuotaNeverRunsUnprotected()
    {
        var script = new Script();
        await using var app = await script.StartAsync<StoreFailureController>(
            options => options.WhenStoreIsDown = StoreDownBehavior.Execute,
            services: services => services.AddIdempotency().UseMemory(o => o.MaxKeysPerCaller = 1));
        using var first = await app.PostAsync("/orders", "a");

        using var second = await app.PostAsync("/orders", "b");

        await first.IsRunAsync(1);
        await second.IsProblemAsync(429, "too-many-keys");
        Assert.That(second.Headers.RetryAfter, Is.Not.Null);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [TestCase(3, TestName = "Cache value that was cut off is never run over")]
    [TestCase(60, TestName = "Cache value that is damaged is never run over")]
    public async Task UnreadableCacheValueIsNeverRunOver(int length)
    {
        var script = new Script();
        var cache = new NotingCache(MemoryCaches.Create());
        await using var app = await script.StartAsync<StoreFailureController>(
            options => options.WhenStoreIsDown = StoreDownBehavior.Execute,
            services: services =>
            {
                services.AddSingleton<IDistributedCache>(cache);
                services.AddIdempotency().UseDistributedCache();
            });
        using var first = await app.PostAsync("/orders", "k");
        await cache.SetAsync(cache.LastKey!, new byte[length], new(), default);

        using var retry = await app.PostAsync("/orders", "k");

        await retry.IsProblemAsync(503, "record-unreadable");
        Assert.That(script.Runs, Is.EqualTo(1));
        Assert.That(app.Logs.Lines, Has.Some.Matches<LogLine>(line => line.Id.Id == 7));
    }

    private static Task<TestApp> StartAsync(Script script, Exception exception, StoreDownBehavior behavior, Phase phase)
    {
        var store = new Mock<IIdempotencyStore>();
        var claim = new Mock<IdempotencyClaim>();
        claim.Setup(c => c.PreviousRecord).Throws(exception);
        var claiming = store.Setup(
            s => s.ClaimAsync(It.IsAny<StorageKey>(), It.IsAny<ClaimOptions>(), It.IsAny<CancellationToken>()));
        if (phase is Phase.Claim)
            claiming.ThrowsAsync(exception);
        else
            claiming.ReturnsAsync(() => phase is Phase.Wait ? ClaimResult.InFlight : ClaimResult.Acquired(claim.Object));
        store.Setup(s => s.WaitAsync(It.IsAny<StorageKey>(), It.IsAny<ClaimOptions>(), It.IsAny<TimeSpan>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(exception);
        return script.StartAsync<StoreFailureController>(
            o => (o.WhenInFlight, o.WhenStoreIsDown) = (InFlightBehavior.Wait, behavior), store: store.Object);
    }

    private static TestCaseData Kind(string name, Exception exception, object meaning) =>
        new TestCaseData(exception, meaning).SetName($"Exception of a store: {name}");

    private enum Phase
    {
        Claim,
        Wait,
        Previous,
    }

    /// <summary>Tells under which key the store keeps its record.</summary>
    private sealed class NotingCache(IDistributedCache inner) : IDistributedCache
    {
        public string? LastKey { get; private set; }

        public byte[]? Get(string key) => inner.Get(key);

        public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => inner.GetAsync(key, token);

        public void Refresh(string key) => inner.Refresh(key);

        public Task RefreshAsync(string key, CancellationToken token = default) => inner.RefreshAsync(key, token);

        public void Remove(string key) => inner.Remove(key);

        public Task RemoveAsync(string key, CancellationToken token = default) => inner.RemoveAsync(key, token);

        public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => inner.Set(key, value, options);

        public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
        {
            LastKey = key;
            return inner.SetAsync(key, value, options, token);
        }
    }

    private sealed class DownException(string message, Exception? inner) : DbException(message, inner);
}

[ApiController]
public sealed class StoreFailureController(Script script) : ControllerBase
{
    [HttpPost("orders"), Idempotent]
    public Task<IActionResult> Order() => script.RunAsync(HttpContext);

    [HttpPost("manual"), IdempotencyManual]
    public Task<IActionResult> Manual() => script.RunAsync(HttpContext);
}
