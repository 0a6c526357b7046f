using System.Diagnostics;
using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Compare;

/// <summary>How soon one that waits in one process has the answer that another process completes, over Redis.</summary>
internal static class WakeUp
{
    private const int WarmUps = 50;
    private const int Rounds = 200;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <returns>Milliseconds.</returns>
    public static async Task<Spread> MeasureAsync(Stand holder)
    {
        Console.Error.WriteLine($"wake-up: {Rounds} rounds");
        await using var waiter = await holder.StartAnotherAsync();
        var milliseconds = new List<double>();
        for (var round = 0; round < WarmUps + Rounds; round++)
            milliseconds.Add((await MeasureAsync(holder, waiter, $"idempotency:wake-up-{round}")).TotalMilliseconds);
        return Spread.Of(milliseconds.Skip(WarmUps));
    }

    private static async Task<TimeSpan> MeasureAsync(Stand holder, Stand waiter, string key)
    {
        await holder.AskAsync<int>($"claim {key}");
        var waiting = waiter.AskAsync<long>($"wait {key}");

        // The channel is named like the key. Who has subscribed looks at the key once more, and that has to be over, too.
        var patience = Stopwatch.StartNew();
        while (await holder.Redis!.ExecuteAsync("PUBSUB", "NUMSUB", key) is not (object?[] and [_, 1L]))
        {
            await Task.Delay(1);
            if (patience.Elapsed > Patience)
                throw new TimeoutException($"Nobody has subscribed to {key} for {Patience}.");
        }

        await Task.Delay(5);

        var began = await holder.AskAsync<long>($"complete {key}");
        return Stopwatch.GetElapsedTime(began, await waiting);
    }
}
