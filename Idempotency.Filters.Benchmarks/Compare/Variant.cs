using Idempotency.Filters.Benchmarks.Load;
using Idempotency.Filters.Benchmarks.Server;

namespace Idempotency.Filters.Benchmarks.Compare;

/// <summary>One kind of request, and the bare one that it stands beside.</summary>
/// <param name="Name">By which the command line selects it.</param>
/// <param name="Title">What the tables call it.</param>
/// <param name="Path">Where it is sent.</param>
/// <param name="Baseline">The name of the bare one.</param>
internal sealed record Variant(string Name, string Title, string Path, string Baseline = "bare")
{
    /// <summary>In the order of the tables; the bare ones first.</summary>
    public static readonly Variant[] All =
    [
        new("bare", "bare action", Paths.Bare),
        new("minimal-bare", "bare Minimal API", Paths.MinimalBare, "minimal-bare"),
        new("exempt", "exempt under a global filter", Paths.Exempt) { OptOut = true },
        new("first", "first request", Paths.First),
        new("replay", "replay", Paths.Replay) { Keys = 256 },
        new("in-flight", "in-flight rejection", Paths.First) { Keys = 1, Status = StatusCodes.Status409Conflict },
        new("minimal-first", "first request, Minimal API", Paths.MinimalFirst, "minimal-bare"),
        new("minimal-replay", "replay, Minimal API", Paths.MinimalReplay, "minimal-bare") { Keys = 256 },
        new("redis-first", "bare commands of a first request", Paths.FirstFloor) { NeedsRedis = true },
        new("redis-replay", "bare command of a replay", Paths.ReplayFloor) { Keys = 256, NeedsRedis = true },
    ];

    public static IEnumerable<string> Names => All.Select(variant => variant.Name);

    // Records that recur take no more than this of the store's memory.
    private const int RecurringBytes = 64_000_000;

    /// <summary>How many keys recur; 0 = each request has a fresh one. Large bodies have fewer.</summary>
    public int Keys { get; private init; }

    public int Status { get; private init; } = StatusCodes.Status201Created;

    /// <summary>Whether it is sent to the application with the global filter.</summary>
    public bool OptOut { get; private init; }

    /// <summary>Whether it can be measured only where the store is Redis.</summary>
    public bool NeedsRedis { get; private init; }

    public bool IsBare => Name == Baseline;

    public bool IsRejection => Status == StatusCodes.Status409Conflict;

    public bool Suits(string store) => !NeedsRedis || StoreKind.All[store].NeedsRedis;

    public LoadJob Job(Ports ports, Cell cell) => new()
    {
        Port = OptOut ? ports.OptOut : ports.Covered,
        Path = Path,
        Status = Status,
        Replayed = Name is "replay" or "minimal-replay",
        BodySize = cell.Size,
        Connections = cell.Connections,
        Keys = Math.Min(Keys, RecurringBytes / cell.Size),
    };
}

/// <param name="Size">Of request and response body, in bytes.</param>
/// <param name="Connections">How many send at once.</param>
internal readonly record struct Cell(int Size, int Connections);
