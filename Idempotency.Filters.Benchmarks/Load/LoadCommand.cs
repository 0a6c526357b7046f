using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Load;

/// <summary>
/// The load generator, in a process of its own: each connection sends its next request when it has its answer. Connections stay open from
/// one job to the next, so that none of them is part of a figure.
/// </summary>
internal static class LoadCommand
{
    public const string Name = "load";

    // One thread, which goes on with a connection where its bytes arrive: no request is handed from thread to thread.
    private static readonly Dictionary<string, string> OneThread = new()
    {
        ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1",
        ["DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT"] = "1",
    };

    // A job without a limit in time has an infinite one.
    private static readonly JsonSerializerOptions Json = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private static readonly Dictionary<int, List<Connection>> Open = [];

    public static ChildProcess Start() => ChildProcess.Start(program: null, Cores.Load, OneThread, Name);

    public static async Task<LoadResult> AskAsync(ChildProcess load, LoadJob job)
    {
        var result = await load.AskAsync<LoadResult>(JsonSerializer.Serialize(job, Json));
        return result.Unexpected is null
            ? result
            : throw new InvalidOperationException($"{result.Unexpected} came from {job.Path}, where {Expected(job)} was expected.");
    }

    public static Task RunAsync() =>
        ChildProcess.ServeAsync(async line => await RunAsync(JsonSerializer.Deserialize<LoadJob>(line, Json)!));

    private static async Task<LoadResult> RunAsync(LoadJob job)
    {
        var connections = Connect(job);
        var body = RequestTemplate.BodyOf(job);
        RequestTemplate[] requests = [.. Enumerable.Range(0, job.Connections).Select(first => new RequestTemplate(job, body, first))];

        var latencies = new LatencyHistogram[job.Connections];
        var started = Stopwatch.GetTimestamp();
        var left = job.Requests;
        string? unexpected = null;
        await Task.WhenAll(Enumerable.Range(0, job.Connections).Select(async i =>
        {
            var latency = latencies[i] = new LatencyHistogram();
            bool Goes(long sent) =>
                Stopwatch.GetElapsedTime(started, sent).TotalSeconds < job.Seconds && Interlocked.Decrement(ref left) >= 0;
            var sent = started;
            if (job.Pause > 0)
            {
                await Task.Delay(TimeSpan.FromSeconds(job.Pause * i / job.Connections));
                sent = Stopwatch.GetTimestamp();
            }

            while (Goes(sent))
            {
                await connections[i].SendAsync(requests[i]);
                var answer = await connections[i].ReceiveAsync();
                if (answer.Status != job.Status || (job.Replayed is { } replayed && answer.Replayed != replayed))
                    unexpected = $"{answer}";

                var answered = Stopwatch.GetTimestamp();
                latency.Add(answered - sent);
                sent = answered;
                if (job.Pause > 0)
                {
                    await Task.Delay(TimeSpan.FromSeconds(job.Pause));
                    sent = Stopwatch.GetTimestamp();
                }
            }
        }));

        var ended = Stopwatch.GetTimestamp();
        foreach (var latency in latencies.Skip(1))
            latencies[0].Add(latency);
        var microsecond = Stopwatch.Frequency / 1e6;
        return new(
            latencies[0].Total, unexpected, Stopwatch.GetElapsedTime(started, ended).TotalSeconds,
            latencies[0].Percentile(0.5) / microsecond, latencies[0].Percentile(0.99) / microsecond, ended);
    }

    private static string Expected(LoadJob job) => $"{new Answer(job.Status, job.Replayed ?? false)}";

    private static List<Connection> Connect(LoadJob job)
    {
        if (!Open.TryGetValue(job.Port, out var connections))
            Open.Add(job.Port, connections = []);
        while (connections.Count < job.Connections)
            connections.Add(new Connection(job.Port));
        return connections;
    }
}
