using System.Globalization;
using Idempotency.Filters.Benchmarks.Compare;
using Idempotency.Filters.Benchmarks.Load;
using Idempotency.Filters.Benchmarks.Server;
using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Attack;

/// <summary>
/// What patient attackers cost the others: many connections repeat one key, whose answer is large, with another body, and get 422. Three
/// states take turns: nobody attacks, the answer is small, the answer is large. A 503, or any other unexpected answer, ends the command.
/// </summary>
internal sealed class AttackCommand(ChildProcess others, ChildProcess attackers, int port, double seconds, LoadJob attack)
{
    private const int BodySize = 512;

    /// <summary>The names of its arguments.</summary>
    public static readonly string[] Options = ["rounds", "seconds", "connections", "attackers", "pause", "protect", "write"];

    public static async Task RunAsync(Arguments arguments)
    {
        RedisServer.Require();
        var (rounds, seconds) = (arguments.AtLeast("rounds", 1, 9), arguments.AtLeast("seconds", 0.1, 2.0));
        var (connections, count) = (arguments.AtLeast("connections", 1, 16), arguments.AtLeast("attackers", 1, 400));
        var (pause, isProtected) = (arguments.AtLeast("pause", 0.0, 1.0), arguments.Get("protect", false));
        var write = Documents.WillBeWritten(arguments, arguments.Has("connections", "attackers", "pause", "protect"));

        await using var redis = await RedisServer.StartAsync([.. Cores.Command(Cores.Load, [])], []);
        await using var server = ChildProcess.Start(
            program: null, Cores.Server, new Dictionary<string, string>(), AttackApp.Name, redis.Address, $"{isProtected}");
        await using var others = LoadCommand.Start();
        await using var attackers = LoadCommand.Start();
        var command = new AttackCommand(others, attackers, await server.AskAsync<int>("port"), seconds, new LoadJob
        {
            Port = 0, Path = "", Status = StatusCodes.Status422UnprocessableEntity, BodySize = BodySize, Connections = count, Keys = 1,
            OtherBody = true, Pause = pause,
        });

        await command.PrepareAsync(connections);
        string?[] states = [null, AttackApp.Receipts, AttackApp.Reports];
        var results = states.Select(_ => new List<LoadResult>()).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < states.Length; i++)
            {
                Console.Error.WriteLine($"round {round + 1} of {rounds}: {states[i] ?? "nobody attacks"}");
                await server.AskAsync<Sample>("settle");
                results[i].Add(await command.MeasureAsync(states[i], connections));
            }
        }

        var table = new MarkdownTable("who attacks", "median of the others, ms", "against nobody", "99th percentile, ms");
        string[] titles = ["nobody", $"{count} with a key whose answer has 0.5 KB", $"{count} with a key whose answer has 1 MB"];
        foreach (var (title, result) in titles.Zip(results))
        {
            table.Add(
                title,
                $"{Spread.Of(result.Select(one => one.Median / 1e3))}",
                $"{Spread.Of(result.Zip(results[0], (one, nobody) => one.Median / nobody.Median))}",
                $"{Spread.Of(result.Select(one => one.Percentile99 / 1e3))}");
        }

        var text = $"""
            {Machine.Description}

            {await Machine.RedisAsync(redis)}

            {rounds} rounds of {seconds.ToString(CultureInfo.InvariantCulture)} s in turns; {connections} connections send first requests
            without a pause, {count} attackers pause for {pause.ToString(CultureInfo.InvariantCulture)} s after each 422. Medians of the
            rounds (least..most). No request got a 503.

            {table}
            """;
        Console.WriteLine(text);
        if (write)
            Documents.ReplacePart(Documents.Performance, "attack", text);
    }

    /// <summary>Makes the answers that are attacked, and lets the compiler finish.</summary>
    private async Task PrepareAsync(int connections)
    {
        foreach (var path in new[] { AttackApp.Receipts, AttackApp.Reports })
        {
            await LoadCommand.AskAsync(attackers, attack with
            {
                Port = port, Path = path, Status = StatusCodes.Status200OK, Connections = 1, Requests = 1, OtherBody = false, Pause = 0,
            });
        }

        foreach (var path in new[] { null, AttackApp.Receipts, AttackApp.Reports })
            await MeasureAsync(path, connections);
    }

    private async Task<LoadResult> MeasureAsync(string? attacked, int connections)
    {
        // From before the others begin until after they have ended.
        var attacking = attacked is null ? Task.CompletedTask : LoadCommand.AskAsync(attackers, attack with
        {
            Port = port, Path = attacked, Seconds = seconds + (2 * attack.Pause),
        });
        await Task.Delay(TimeSpan.FromSeconds(attack.Pause));
        var result = await LoadCommand.AskAsync(others, new LoadJob
        {
            Port = port, Path = AttackApp.Payments, Status = StatusCodes.Status201Created, Replayed = false, BodySize = BodySize,
            Connections = connections, Seconds = seconds,
        });
        await attacking;
        return result;
    }
}
