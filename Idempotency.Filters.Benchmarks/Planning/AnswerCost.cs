namespace Idempotency.Filters.Benchmarks.Planning;

/// <summary>What an answer of one size costs Redis, as measured.</summary>
internal sealed record AnswerCost
{
    public required int AnswerBytes { get; init; }

    /// <summary>Of its record: the body, the headers and the fingerprint.</summary>
    public required double RecordBytes { get; init; }

    /// <summary>What a live record takes of the server's memory, with its key and what the server keeps beside it.</summary>
    public required double MemoryBytes { get; init; }

    /// <summary>A first request: claim and complete.</summary>
    public required OperationCost First { get; init; }

    public required OperationCost Replay { get; init; }
}

/// <param name="Commands">That the client sends.</param>
/// <param name="CpuMicroseconds">Of the Redis server.</param>
/// <param name="BytesIn">That reach Redis.</param>
/// <param name="BytesOut">That leave it.</param>
internal sealed record OperationCost(double Commands, double CpuMicroseconds, double BytesIn, double BytesOut);
