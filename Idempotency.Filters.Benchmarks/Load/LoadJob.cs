namespace Idempotency.Filters.Benchmarks.Load;

/// <summary>Which idempotency key a request carries.</summary>
internal enum KeyUse
{
    /// <summary>One that was never sent before.</summary>
    Fresh,

    /// <summary>One of <see cref="LoadJob.Keys"/> that come round again and again.</summary>
    Recurring,
}

/// <summary>What the load generator is to do: the same request on all its connections, each sending the next when it has its answer.</summary>
internal sealed record LoadJob
{
    public required int Port { get; init; }

    public required string Path { get; init; }

    /// <summary>The status that every answer must have.</summary>
    public required int Status { get; init; }

    public required long BodySize { get; init; }

    public int Connections { get; init; } = 1;

    /// <summary>For how long to send.</summary>
    public double Seconds { get; init; } = double.PositiveInfinity;

    /// <summary>How many requests to send at most.</summary>
    public long Requests { get; init; } = long.MaxValue;

    public KeyUse KeyUse { get; init; }

    /// <summary>How many keys recur.</summary>
    public int Keys { get; init; } = 1;

    /// <summary>Whether the body is a stream of bytes, and no JSON.</summary>
    public bool Upload { get; init; }
}

/// <param name="Requests">How many were answered.</param>
/// <param name="Unexpected">A status that none of them should have had; 0 = there was none.</param>
/// <param name="Seconds">From the first request to the last answer.</param>
/// <param name="Median">Latency, in microseconds.</param>
/// <param name="Percentile99">Latency, in microseconds.</param>
/// <param name="EndedAt">The machine's monotonic clock at the last answer.</param>
internal sealed record LoadResult(long Requests, int Unexpected, double Seconds, double Median, double Percentile99, long EndedAt);
