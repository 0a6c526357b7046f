using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Idempotency.Filters;

namespace PaymentsApi;

/// <summary>
/// The settings from the command line or the configuration, for example <c>--store redis --redis localhost:6379 --work-ms 300</c>.
/// </summary>
public sealed class SampleSettings
{
    private static readonly Dictionary<string, Action<IIdempotencyBuilder, string>> Stores = new(StringComparer.OrdinalIgnoreCase)
    {
        ["memory"] = (idempotency, _) => idempotency.UseMemory(),
        ["distributed-cache"] = (idempotency, _) =>
        {
            idempotency.Services.AddDistributedMemoryCache();
            idempotency.UseDistributedCache();
        },
        ["redis"] = (idempotency, redis) => idempotency.UseRedis(redis),
    };

    private SampleSettings(Action<IIdempotencyBuilder> useStore, TimeSpan work)
    {
        UseStore = useStore;
        Work = work;
    }

    /// <summary>Configures where keys and responses are stored.</summary>
    public Action<IIdempotencyBuilder> UseStore { get; }

    /// <summary>How long the simulated work of one payment takes.</summary>
    public TimeSpan Work { get; }

    public static bool TryRead(
        IConfiguration configuration, [NotNullWhen(true)] out SampleSettings? settings, [NotNullWhen(false)] out string? problem)
    {
        settings = null;
        problem = null;
        var store = configuration["store"] ?? "memory";
        var redis = configuration["redis"] ?? "localhost:6379";
        var work = configuration["work-ms"] ?? "0";

        if (!Stores.TryGetValue(store, out var useStore))
            problem = $"--store '{store}' does not exist. Choose one of: {string.Join(", ", Stores.Keys)}.";
        else if (string.IsNullOrWhiteSpace(redis))
            problem = "--redis is empty. Give the address of a Redis server, such as localhost:6379.";
        else if (!int.TryParse(work, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds))
            problem = $"--work-ms '{work}' is not a duration. Give a whole number of milliseconds, from 0 to {int.MaxValue}.";
        else
            settings = new SampleSettings(idempotency => useStore(idempotency, redis), TimeSpan.FromMilliseconds(milliseconds));

        return settings is not null;
    }
}
