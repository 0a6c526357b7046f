using Idempotency.Filters.Benchmarks.Support;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Benchmarks.Planning;

/// <summary>The generated parts of docs/deployment.md and docs/deployment-data.md.</summary>
/// <param name="costs">A cost for each size of answer.</param>
internal sealed class DeploymentPage(AnswerCost[] costs)
{
    private static readonly double[] Rates = [1_000, 10_000, 100_000];
    private static readonly TimeSpan[] Retentions = [TimeSpan.FromHours(24), TimeSpan.FromHours(1), TimeSpan.FromMinutes(10)];

    private readonly AnswerCost[] _planned = [.. costs.Where(cost => cost.AnswerBytes >= 500)];

    /// <summary>The name of each part of the page that people read, and its text.</summary>
    public IEnumerable<(string Name, string Text)> Parts => [("plan", $"{PlanTable()}"), ("in-memory", $"{MemoryTable()}")];

    /// <summary>The same of its data page.</summary>
    /// <param name="where">On what it was measured.</param>
    public IEnumerable<(string Name, string Text)> DataParts(string where) =>
        [("costs", $"Machine: {where}\n\n{CostTable()}"), ("records", $"{RecordTable()}"), ("traffic", $"{TrafficTable()}")];

    /// <summary>The middle size of answer, kept for the longest time.</summary>
    public MarkdownTable PlanTable()
    {
        var cost = _planned[_planned.Length / 2];
        var table = new MarkdownTable(
            "first requests/s", $"live records after {Span(Retentions[0])}", $"Redis memory, answers of {Sizes.Of(cost.AnswerBytes)}",
            "commands/s", "Redis cores");
        foreach (var plan in Rates.Select(rate => new DeploymentPlan(rate, Retentions[0])))
        {
            table.Add(
                $"{plan.FirstPerSecond:N0}", $"{plan.LiveRecords:N0}", Bytes(plan.RedisBytes(cost)),
                $"{plan.Commands(cost):N0}", $"{plan.RedisCores(cost):0.00}");
        }

        return table;
    }

    public MarkdownTable CostTable()
    {
        var table = new MarkdownTable(
            "answer", "its record", "Redis memory for a live record",
            "first request: commands", "Redis CPU", "bytes to Redis", "bytes from Redis",
            "replay: commands", "Redis CPU", "bytes to Redis", "bytes from Redis");
        foreach (var cost in costs)
        {
            table.Add(
            [
                Sizes.Of(cost.AnswerBytes), $"{cost.RecordBytes:N0} B", $"{cost.MemoryBytes:N0} B",
                .. Cells(cost.First), .. Cells(cost.Replay),
            ]);
        }

        return table;
    }

    public MarkdownTable RecordTable()
    {
        var table = new MarkdownTable(
        [
            "first requests/s", "retention", "live records",
            .. _planned.SelectMany(cost => Both($"{Sizes.Of(cost.AnswerBytes)}: answers", "Redis memory")),
        ]);
        foreach (var plan in from rate in Rates from retention in Retentions select new DeploymentPlan(rate, retention))
        {
            table.Add(
            [
                $"{plan.FirstPerSecond:N0}", Span(plan.Retention), $"{plan.LiveRecords:N0}",
                .. _planned.SelectMany(cost => Both(Bytes(plan.AnswerBytes(cost)), Bytes(plan.RedisBytes(cost)))),
            ]);
        }

        return table;
    }

    public MarkdownTable TrafficTable()
    {
        var table = new MarkdownTable(
            "first requests/s", "answer", "commands/s", "Redis cores", "to Redis, a second", "from Redis, a second");
        foreach (var (plan, cost) in from rate in Rates from cost in _planned select (new DeploymentPlan(rate, Retentions[0]), cost))
        {
            table.Add(
                $"{plan.FirstPerSecond:N0}", Sizes.Of(cost.AnswerBytes), $"{plan.Commands(cost):N0}", $"{plan.RedisCores(cost):0.00}",
                Bytes(plan.BytesIn(cost)), Bytes(plan.BytesOut(cost)));
        }

        return table;
    }

    public MarkdownTable MemoryTable()
    {
        var bounds = new MemoryStoreOptions();
        var table = new MarkdownTable(
        [
            "answer", "counts as", "records that fit the default bounds",
            .. Retentions.Select(retention => $"first requests/s, kept for {Span(retention)}"),
        ]);
        foreach (var cost in _planned)
        {
            table.Add(
            [
                Sizes.Of(cost.AnswerBytes), $"{MemoryPlan.BytesOf(cost):N0} B", $"{MemoryPlan.Capacity(bounds, cost):N0}",
                .. Retentions.Select(retention => $"{MemoryPlan.MostPerSecond(bounds, cost, retention):0.#}"),
            ]);
        }

        return table;
    }

    private static string[] Cells(OperationCost cost) =>
        [$"{cost.Commands:0.##}", $"{cost.CpuMicroseconds:0.0} us", $"{cost.BytesIn:N0}", $"{cost.BytesOut:N0}"];

    private static string[] Both(string first, string second) => [first, second];

    private static string Bytes(double bytes) => Sizes.Of((long)bytes);

    private static string Span(TimeSpan span) => span.TotalHours >= 1 ? $"{span.TotalHours:0} h" : $"{span.TotalMinutes:0} min";
}
