using System.Globalization;
using System.Text.RegularExpressions;

namespace Idempotency.Filters.Benchmarks.Support;

/// <summary>What a Redis server has used since its start, and holds now.</summary>
internal sealed partial record RedisSample
{
    /// <summary>Which server it is, and its version.</summary>
    public required string Version { get; init; }

    /// <summary>What it has allocated for data, connections and itself.</summary>
    public required double MemoryBytes { get; init; }

    public required double CpuMicroseconds { get; init; }

    /// <summary>From its clients.</summary>
    public required double BytesIn { get; init; }

    /// <summary>To its clients.</summary>
    public required double BytesOut { get; init; }

    /// <summary>How many scripts its clients sent: all that the store sends are scripts.</summary>
    public required double Scripts { get; init; }

    public static async Task<RedisSample> OfAsync(RedisServer server)
    {
        var info = (string)(await server.ExecuteAsync("INFO", "everything"))!;
        var fields = Field().Matches(info).ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
        double Number(string name) => double.Parse(fields[name], CultureInfo.InvariantCulture);
        return new()
        {
            // Valkey tells, as redis_version, the Redis that it is compatible with.
            Version = fields.TryGetValue("valkey_version", out var valkey) ? $"Valkey {valkey}" : $"Redis {fields["redis_version"]}",
            MemoryBytes = Number("used_memory"),
            CpuMicroseconds = (Number("used_cpu_user") + Number("used_cpu_sys")) * 1e6,
            BytesIn = Number("total_net_input_bytes"),
            BytesOut = Number("total_net_output_bytes"),
            Scripts = Command().Matches(info).Sum(match => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)),
        };
    }

    [GeneratedRegex(@"^(\w+):(.*?)\r?$", RegexOptions.Multiline)]
    private static partial Regex Field();

    [GeneratedRegex(@"cmdstat_eval(?:sha)?:calls=(\d+)")]
    private static partial Regex Command();
}
