using Idempotency.Filters.Benchmarks.Planning;
using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Scale;

/// <summary>What first requests and replays cost the Redis server itself, by its own figures, through the store and without HTTP.</summary>
internal sealed class RedisCosts(Stand stand)
{
    private const int Records = 10_000;

    private static readonly int[] AnswerSizes = [200, 500, 1_000, 20_000];

    private readonly RedisServer _redis = stand.Redis!;
    private int _names;

    /// <summary>For each size of answer, the medians of some rounds.</summary>
    public async Task<AnswerCost[]> MeasureAsync(int rounds)
    {
        // The connections, and the client's code, are as they stay before anything is counted.
        await MeasureAsync(Records, AnswerSizes[0]);
        var costs = AnswerSizes.Select(_ => new List<AnswerCost>()).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            foreach (var (size, measured) in AnswerSizes.Zip(costs))
                measured.Add(await MeasureAsync(Records, size));
        }

        return [.. costs.Select(Median)];
    }

    /// <summary>Empties the server, fills it with so many records, and replays some of them. The median of some rounds of that.</summary>
    public async Task<AnswerCost> MeasureAsync(int rounds, int count, int size)
    {
        var costs = new List<AnswerCost>();
        for (var round = 0; round < rounds; round++)
            costs.Add(await MeasureAsync(count, size));
        return Median(costs);
    }

    private async Task<AnswerCost> MeasureAsync(int count, int size)
    {
        Console.Error.WriteLine($"records in Redis: {count:N0} of {Sizes.Of(size)}");
        var (name, replays) = ($"cost-{_names++}", Math.Min(count, Records));
        await _redis.ExecuteAsync("FLUSHALL", "SYNC");
        var empty = await RedisSample.OfAsync(_redis);
        var recordBytes = await stand.AskAsync<long>($"put {name} {count} {size}");
        var filled = await RedisSample.OfAsync(_redis);
        await stand.AskAsync<int>($"replay {name} {replays}");
        var replayed = await RedisSample.OfAsync(_redis);
        return new()
        {
            AnswerBytes = size,
            RecordBytes = recordBytes,
            MemoryBytes = (filled.MemoryBytes - empty.MemoryBytes) / count,
            First = Operation(empty, filled, count),
            Replay = Operation(filled, replayed, replays),
        };
    }

    // Only the processor's time differs from round to round.
    private static AnswerCost Median(List<AnswerCost> costs)
    {
        return costs[^1] with { First = Of(cost => cost.First), Replay = Of(cost => cost.Replay) };

        OperationCost Of(Func<AnswerCost, OperationCost> operation) =>
            operation(costs[^1]) with { CpuMicroseconds = Spread.Of(costs.Select(cost => operation(cost).CpuMicroseconds)).Median };
    }

    private static OperationCost Operation(RedisSample before, RedisSample after, int count) => new(
        (after.Scripts - before.Scripts) / count,
        (after.CpuMicroseconds - before.CpuMicroseconds) / count,
        (after.BytesIn - before.BytesIn) / count,
        (after.BytesOut - before.BytesOut) / count);
}
