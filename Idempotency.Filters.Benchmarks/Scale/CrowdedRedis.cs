using Idempotency.Filters.Benchmarks.Planning;
using Idempotency.Filters.Benchmarks.Server;

namespace Idempotency.Filters.Benchmarks.Scale;

/// <summary>First requests and replays while Redis holds more and more records: their cost to Redis and to the server.</summary>
internal static class CrowdedRedis
{
    private const int AnswerSize = 500;

    // More than these take minutes to put there.
    private const int ManyRecords = 100_000;

    /// <param name="effort">How thoroughly.</param>
    /// <param name="amounts">Of live records.</param>
    /// <returns>The series, and the costs for each size of answer.</returns>
    public static async Task<(Series Series, RedisCostTable Costs)> MeasureAsync(Effort effort, int[] amounts)
    {
        await using var stand = await CrowdedStore.StartAsync(effort, StoreKind.Redis);
        var costs = new RedisCosts(stand);
        var table = new RedisCostTable(await Support.Machine.RedisAsync(stand.Redis!), await costs.MeasureAsync(effort.Rounds));
        var points = new List<Point>();
        foreach (var amount in amounts)
        {
            var cost = await costs.MeasureAsync(amount > ManyRecords ? 1 : effort.Rounds, amount, AnswerSize);
            await CrowdedStore.PrepareAsync(effort, stand);
            var ratios = await CrowdedStore.RatiosAsync(effort, stand);
            points.Add(new(amount, [cost.First.CpuMicroseconds, cost.Replay.CpuMicroseconds, .. ratios, cost.MemoryBytes]));
        }

        string[] columns =
        [
            "first request", "replay", "first request: server CPU against the bare action", "replay: the same",
            "bytes of Redis memory for each",
        ];
        return (new Series("live records in Redis", "Redis CPU, microseconds", columns, 2, points), table);
    }
}
