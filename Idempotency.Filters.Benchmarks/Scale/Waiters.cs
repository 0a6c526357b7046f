using System.Diagnostics;
using Idempotency.Filters.Benchmarks.Compare;
using Idempotency.Filters.Benchmarks.Load;
using Idempotency.Filters.Benchmarks.Server;
using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Scale;

/// <summary>
/// A crowd of requests with one key: the first is held by its action, the others wait. From the moment that the action may go on until the
/// last of them has its answer, in all and for each.
/// </summary>
internal sealed class Waiters(Effort effort, Stand stand)
{
    private int _arrived;
    private int _crowds;

    public static async Task<Series> MeasureAsync(Effort effort, int[] amounts)
    {
        await using var stand = await Stand.StartAsync(StoreKind.Memory);
        Variant[] replay = [.. Variant.All.Where(variant => variant.Name == "replay")];
        await WarmUp.RunAsync(stand, effort.Load, replay, new Cell(512, 16));
        var waiters = new Waiters(effort, stand);
        for (var i = 0; i < 30; i++)
            await waiters.AnswerAsync(100);

        var points = new List<Point>();
        foreach (var amount in amounts)
        {
            Console.Error.WriteLine($"waiters: {amount:N0}");
            var rounds = new List<double>();
            for (var round = 0; round < effort.Rounds; round++)
                rounds.Add((await waiters.AnswerAsync(amount)).TotalMicroseconds);
            var median = Spread.Of(rounds).Median;
            points.Add(new(amount, [median / amount, median / 1e3]));
        }

        return new Series(
            "requests that wait for one key", "microseconds for each, until all are answered", ["us for each", "ms for all"], 1, points);
    }

    private async Task<TimeSpan> AnswerAsync(int waiters)
    {
        var crowd = LoadCommand.AskAsync(effort.Load, new LoadJob
        {
            Port = stand.Ports.Covered,
            Path = Paths.Gated,
            Status = StatusCodes.Status201Created,
            // A key of its own: it is made from the size.
            BodySize = 512 + _crowds++,
            Connections = waiters + 1,
            Requests = waiters + 1,
            Keys = 1,
        });

        // All of them, and one in the action. The last to come still has a few steps from its claim to its place in the queue.
        _arrived += waiters + 2;
        while (await stand.AskAsync<int>("arrived") < _arrived)
            await Task.Delay(10);
        await Task.Delay(50);

        var opened = await stand.AskAsync<long>("open");
        return Stopwatch.GetElapsedTime(opened, (await crowd).EndedAt);
    }
}
