using System.Diagnostics;
using System.Security.Cryptography;
using Idempotency.Filters.Benchmarks.Server;
using StackExchange.Redis;

namespace Idempotency.Filters.Benchmarks.Compare;

/// <summary>What no implementation can go below: a part of the work that has to be done, alone, in the server process.</summary>
/// <param name="Title">What the tables call it.</param>
/// <param name="Prepare">Given the server, if it is needed, and the size of the body: makes what does the work once.</param>
internal sealed record Floor(string Title, Func<IConnectionMultiplexer?, int, Func<Task>> Prepare)
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(0.2);

    public static readonly IReadOnlyDictionary<string, Floor> All = new Dictionary<string, Floor>
    {
        ["sha256"] = new("SHA-256 of the body", HashBody),
        ["redis-first"] = new("Redis, of a first request: SET NX of a claim, SET of a record", SetTwice) { NeedsRedis = true },
        ["redis-first-16"] = new("the same, 16 at once, for each", SetTwice) { NeedsRedis = true, AtOnce = 16 },
        ["redis-replay"] = new("Redis, of a replay: GET of a record", Get) { NeedsRedis = true },
        ["redis-replay-16"] = new("the same, 16 at once, for each", Get) { NeedsRedis = true, AtOnce = 16 },
    };

    private static long _keys;

    public bool NeedsRedis { get; private init; }

    private int AtOnce { get; init; } = 1;

    /// <returns>Microseconds for doing it once.</returns>
    public async Task<double> MeasureAsync(IConnectionMultiplexer? redis, int size)
    {
        var runOnce = Prepare(redis, size);
        var started = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            var count = 0;
            for (; Stopwatch.GetElapsedTime(started) < Duration; count++)
                await runOnce();
            return count;
        }));
        return Stopwatch.GetElapsedTime(started).TotalMicroseconds / counts.Sum();
    }

    private static Func<Task> SetTwice(IConnectionMultiplexer? redis, int size)
    {
        var floor = new RedisFloor(redis!, size);
        return async () =>
        {
            var key = $"{Interlocked.Increment(ref _keys)}";
            await floor.ClaimAsync(key);
            await floor.CompleteAsync(key);
        };
    }

    private static Func<Task> Get(IConnectionMultiplexer? redis, int size)
    {
        var floor = new RedisFloor(redis!, size);
        return () => floor.ReadAsync($"read-{size}");
    }

    private static Func<Task> HashBody(IConnectionMultiplexer? redis, int size)
    {
        var body = CreatePayment.Json(size);
        return () =>
        {
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(body, hash);
            return Task.CompletedTask;
        };
    }
}
