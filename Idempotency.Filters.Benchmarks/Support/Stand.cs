using Idempotency.Filters.Benchmarks.Load;
using Idempotency.Filters.Benchmarks.Server;

namespace Idempotency.Filters.Benchmarks.Support;

/// <summary>One server process with the store that it needs, and what is measured on it.</summary>
internal sealed class Stand : IAsyncDisposable
{
    // Pinned to a single core the runtime waits ten times as long before it compiles for good.
    private static readonly Dictionary<string, string> ServerEnvironment = new() { ["DOTNET_TC_DelaySingleProcMultiplier"] = "1" };

    private readonly ChildProcess _server;

    private Stand(string store, RedisServer? redis, ChildProcess server, Ports ports)
    {
        Store = store;
        Redis = redis;
        _server = server;
        Ports = ports;
    }

    public string Store { get; }

    /// <summary>The server that this store needs, and no other; null = it needs none, or has that of another stand.</summary>
    public RedisServer? Redis { get; }

    public Ports Ports { get; }

    /// <param name="store">The name of a <see cref="StoreKind"/>.</param>
    /// <param name="program">As for <see cref="ChildProcess.Start"/>.</param>
    public static async Task<Stand> StartAsync(string store, string? program = null)
    {
        var redis = StoreKind.All[store].NeedsRedis ? await RedisServer.StartAsync([.. Cores.Command(Cores.Load, [])], []) : null;
        return await StartAsync(store, redis, redis?.Address ?? "", program);
    }

    /// <summary>A further server process over the same Redis, which has to outlive it.</summary>
    public Task<Stand> StartAnotherAsync() => StartAsync(Store, redis: null, Redis!.Address, program: null);

    public Task<T> AskAsync<T>(string command) => _server.AskAsync<T>(command);

    /// <summary>Lets the load generator work, and tells what it cost this server.</summary>
    public Task<Slice> MeasureAsync(ChildProcess load, LoadJob job) => Slice.MeasureAsync(_server, load, job);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        if (Redis is not null)
            await Redis.DisposeAsync();
    }

    private static async Task<Stand> StartAsync(string store, RedisServer? redis, string address, string? program)
    {
        var server = ChildProcess.Start(program, Cores.Server, ServerEnvironment, ServerCommand.Name, store, address);
        return new(store, redis, server, await server.AskAsync<Ports>("ports"));
    }
}

/// <summary>What a short time of one kind of request gave.</summary>
internal sealed record Slice
{
    public required long Requests { get; init; }

    public required double PerSecond { get; init; }

    /// <summary>Latency, in microseconds.</summary>
    public required double Median { get; init; }

    /// <summary>Latency, in microseconds.</summary>
    public required double Percentile99 { get; init; }

    /// <summary>Processor time of the server for a request.</summary>
    public required double CpuMicroseconds { get; init; }

    /// <summary>Bytes that the server allocated for a request.</summary>
    public required double Allocated { get; init; }

    /// <summary>Lets the load generator work, and tells what it cost the server.</summary>
    public static async Task<Slice> MeasureAsync(ChildProcess server, ChildProcess load, LoadJob job)
    {
        var before = await server.AskAsync<Sample>("settle");
        var result = await LoadCommand.AskAsync(load, job);
        var after = await server.AskAsync<Sample>("sample");
        return new()
        {
            Requests = result.Requests,
            PerSecond = result.Requests / result.Seconds,
            Median = result.Median,
            Percentile99 = result.Percentile99,
            CpuMicroseconds = (after.CpuSeconds - before.CpuSeconds) * 1e6 / result.Requests,
            Allocated = (after.AllocatedBytes - before.AllocatedBytes) / (double)result.Requests,
        };
    }
}
