using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Idempotency.Filters;

namespace PaymentsApi;

/// <summary>What can be chosen on the command line or in the configuration: <c>--store memory --work-ms 300</c>.</summary>
public sealed class SampleSettings
{
    private static readonly Dictionary<string, Action<IIdempotencyBuilder>> Stores = new(StringComparer.OrdinalIgnoreCase)
    {
        ["memory"] = idempotency => idempotency.UseMemory(),
        ["distributed-cache"] = idempotency =>
        {
            idempotency.Services.AddDistributedMemoryCache();
            idempotency.UseDistributedCache();
        },
    };

    private SampleSettings(Action<IIdempotencyBuilder> useStore, TimeSpan work)
    {
        UseStore = useStore;
        Work = work;
    }

    /// <summary>Where idempotency keys and answers are kept.</summary>
    public Action<IIdempotencyBuilder> UseStore { get; }

    /// <summary>How long the simulated work of one payment takes.</summary>
    public TimeSpan Work { get; }

    public static bool TryRead(
        IConfiguration configuration, [NotNullWhen(true)] out SampleSettings? settings, [NotNullWhen(false)] out string? problem)
    {
        settings = null;
        problem = null;
        var store = configuration["store"] ?? "memory";
        var work = configuration["work-ms"] ?? "0";

        if (!Stores.TryGetValue(store, out var useStore))
            problem = $"--store '{store}' does not exist. Choose one of: {string.Join(", ", Stores.Keys)}.";
        else if (!int.TryParse(work, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds))
            problem = $"--work-ms '{work}' is not a duration: give a whole number of milliseconds, from 0 to {int.MaxValue}.";
        else
            settings = new SampleSettings(useStore, TimeSpan.FromMilliseconds(milliseconds));

        return settings is not null;
    }
}
