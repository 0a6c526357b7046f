using Idempotency.Filters.Benchmarks.Server;
using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Compare;

/// <summary>The budgets, each with what was measured.</summary>
internal static class BudgetTable
{
    // What the budgets are about.
    private static readonly Cell Cell = new(512, 16);

    /// <returns>None when not all was measured that they are about.</returns>
    public static IEnumerable<MarkdownTable> All(Comparison comparison, string[] stores, Cell[] cells, Variant[] variants)
    {
        if (variants.Length < Variant.All.Length || !cells.Contains(Cell))
            yield break;

        if (stores.Contains(StoreKind.Memory))
            yield return OfMemory(comparison);
        if (stores.Contains(StoreKind.Redis))
            yield return OfRedis(comparison);
    }

    private static MarkdownTable OfRedis(Comparison comparison)
    {
        var table = new MarkdownTable($"Redis, {Sizes.Of(Cell.Size)}, {Cell.Connections} connections", "budget", "measured", "server CPU");
        void Add(string title, string name, string floor) => table.Add(
            title,
            "&ge; 0.9",
            $"{comparison.Ratio(StoreKind.Redis, Cell, Find(name), floor, slice => slice.PerSecond)}",
            $"{comparison.Ratio(StoreKind.Redis, Cell, Find(name), floor, slice => slice.CpuMicroseconds)}");
        Add("first request: throughput against the same action over 2 bare commands", "first", "redis-first");
        Add("replay: throughput against an action that sends what 1 bare command gives", "replay", "redis-replay");
        table.Add(
            "a waiter in another process, without HTTP: milliseconds from the call that completes to its answer",
            "median &lt; 2",
            $"{comparison.WakeUpMilliseconds}",
            "");
        return table;
    }

    private static MarkdownTable OfMemory(Comparison comparison)
    {
        string Throughput(string name) => $"{comparison.Ratio(StoreKind.Memory, Cell, Find(name), slice => slice.PerSecond)}";
        string Cpu(string name) => $"{comparison.Ratio(StoreKind.Memory, Cell, Find(name), slice => slice.CpuMicroseconds)}";
        double Added(string name) => comparison.Added(StoreKind.Memory, Cell, Find(name), slice => slice.Allocated);

        var table = new MarkdownTable(
            $"memory store, {Sizes.Of(Cell.Size)}, {Cell.Connections} connections", "budget", "measured", "server CPU");
        table.Add("first request: throughput against the bare action", "&ge; 0.9", Throughput("first"), Cpu("first"));
        table.Add("replay: throughput against the bare action", "&ge; 1.2", Throughput("replay"), Cpu("replay"));
        table.Add(
            "replay, Minimal API: throughput against the bare endpoint", "&ge; 1.3", Throughput("minimal-replay"), Cpu("minimal-replay"));
        table.Add("exempt under a global filter: throughput against the bare action", "no difference", Throughput("exempt"), Cpu("exempt"));
        table.Add("replay: bytes added", "&lt; 0", $"{Added("replay"):N0}", "");
        table.Add("exempt under a global filter: bytes added", "0", $"{Added("exempt"):N0}", "");
        return table;
    }

    private static Variant Find(string name) => Array.Find(Variant.All, variant => variant.Name == name)!;
}
