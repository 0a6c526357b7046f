using System.Reflection;
using System.Runtime.InteropServices;
using StackExchange.Redis;

namespace Idempotency.Filters.Benchmarks.Support;

/// <summary>The machine, as far as it matters to a figure. Names no host and no path.</summary>
internal static class Machine
{
    public static string Description =>
        $"{Processor}, {Environment.ProcessorCount} cores, "
        + $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024.0 * 1024 * 1024):F0} GiB; "
        + $"{OperatingSystemName}; {RuntimeInformation.FrameworkDescription}; {Cores.Description}.";

    public static async Task<string> RedisAsync(RedisServer server) =>
        $"{(await RedisSample.OfAsync(server)).Version}, over loopback, beside the load generator; "
        + $"its client: StackExchange.Redis {ClientVersion}.";

    // Without the commit behind it. The version of the assembly itself is that of its first release.
    private static string ClientVersion => typeof(ConnectionMultiplexer).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    private static string Processor => Field("/proc/cpuinfo", "model name", ':') ?? RuntimeInformation.ProcessArchitecture.ToString();

    private static string OperatingSystemName =>
        Field("/etc/os-release", "PRETTY_NAME", '=')?.Trim('"') ?? RuntimeInformation.OSDescription;

    private static string? Field(string file, string name, char separator) => !File.Exists(file)
        ? null
        : File.ReadLines(file)
            .Select(line => line.Split(separator, 2))
            .FirstOrDefault(parts => parts.Length == 2 && parts[0].Trim() == name)?[1].Trim();
}
