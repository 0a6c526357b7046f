using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Memory;

namespace Idempotency.Filters.Benchmarks.Planning;

/// <summary>What so many first requests a second need, by what one of them was measured to cost.</summary>
/// <param name="FirstPerSecond">First requests; repeats come on top.</param>
/// <param name="Retention">How long a record is kept.</param>
internal sealed record DeploymentPlan(double FirstPerSecond, TimeSpan Retention)
{
    /// <summary>Repeats for each first request: what the tables of traffic assume.</summary>
    private const double RepeatShare = 0.1;

    /// <summary>
    /// Expired records that Redis has not yet taken out, as a share of all that it holds. The default <c>active-expire-effort</c> tries to
    /// keep them below this (redis.conf).
    /// </summary>
    private const double ExpiredShare = 0.1;

    public double LiveRecords => FirstPerSecond * Retention.TotalSeconds;

    /// <summary>Of the bodies alone.</summary>
    public double AnswerBytes(AnswerCost cost) => LiveRecords * cost.AnswerBytes;

    public double RedisBytes(AnswerCost cost) => LiveRecords / (1 - ExpiredShare) * cost.MemoryBytes;

    /// <summary>First requests and their repeats, in a second.</summary>
    public double Commands(AnswerCost cost) => PerSecond(cost, operation => operation.Commands);

    /// <summary>Cores that Redis keeps busy with them.</summary>
    public double RedisCores(AnswerCost cost) => PerSecond(cost, operation => operation.CpuMicroseconds) / 1e6;

    /// <summary>Bytes to Redis, in a second.</summary>
    public double BytesIn(AnswerCost cost) => PerSecond(cost, operation => operation.BytesIn);

    /// <summary>Bytes from Redis, in a second.</summary>
    public double BytesOut(AnswerCost cost) => PerSecond(cost, operation => operation.BytesOut);

    private double PerSecond(AnswerCost cost, Func<OperationCost, double> of) =>
        FirstPerSecond * (of(cost.First) + (RepeatShare * of(cost.Replay)));
}

/// <summary>What fits the bounds of the in-memory store.</summary>
internal static class MemoryPlan
{
    /// <summary>What a record counts against <see cref="MemoryStoreOptions.MaxBytes"/>.</summary>
    public static double BytesOf(AnswerCost cost) => MemoryCapacity.KeyOverhead + Math.Max(MemoryCapacity.SmallRecord, cost.RecordBytes);

    /// <summary>How many records fit.</summary>
    public static double Capacity(MemoryStoreOptions bounds, AnswerCost cost) =>
        Math.Min(bounds.MaxEntries, Math.Floor(bounds.MaxBytes / BytesOf(cost)));

    /// <summary>How many first requests a second fill it, and no more, when records are kept so long.</summary>
    public static double MostPerSecond(MemoryStoreOptions bounds, AnswerCost cost, TimeSpan retention) =>
        Capacity(bounds, cost) / retention.TotalSeconds;
}
