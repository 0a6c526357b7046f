namespace Idempotency.Filters.Benchmarks.Load;

/// <summary>What the load generator does: the same request on all its connections, each sending the next when it has its answer.</summary>
internal sealed record LoadJob
{
    public required int Port { get; init; }

    public required string Path { get; init; }

    /// <summary>The status that every answer must have.</summary>
    public required int Status { get; init; }

    /// <summary>Whether every answer must be, or must not be, marked as a replay; null = either.</summary>
    public bool? Replayed { get; init; }

    public required long BodySize { get; init; }

    public int Connections { get; init; } = 1;

    /// <summary>For how long to send.</summary>
    public double Seconds { get; init; } = double.PositiveInfinity;

    /// <summary>How many requests to send at most.</summary>
    public long Requests { get; init; } = long.MaxValue;

    /// <summary>How many keys come round again and again; 0 = each request has a fresh one, which was never sent before.</summary>
    public int Keys { get; init; }

    /// <summary>Whether the body is another one than that with which the keys were first sent. It is not to be parsed.</summary>
    public bool OtherBody { get; init; }

    /// <summary>How many seconds each connection pauses after an answer. Their first requests are spread over as long.</summary>
    public double Pause { get; init; }

    /// <summary>Whether the body is a stream of bytes, and no JSON.</summary>
    public bool Upload { get; init; }
}

/// <param name="Requests">How many were answered.</param>
/// <param name="Unexpected">What none of them should have been; null = there was none.</param>
/// <param name="Seconds">From the first request to the last answer.</param>
/// <param name="Median">Latency, in microseconds.</param>
/// <param name="Percentile99">Latency, in microseconds.</param>
/// <param name="EndedAt">The machine's monotonic clock at the last answer.</param>
internal sealed record LoadResult(long Requests, string? Unexpected, double Seconds, double Median, double Percentile99, long EndedAt);
