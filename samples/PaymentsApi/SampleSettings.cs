using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Idempotency.Filters;
using Microsoft.EntityFrameworkCore;
using PaymentsApi.Payments;

namespace PaymentsApi;

/// <summary>
/// The settings from the command line or the configuration, for example <c>--store redis --redis localhost:6379 --work-ms 2000</c>.
/// </summary>
public sealed class SampleSettings
{
    // SQLite has one writer at a time. So a payment waits while another one is charged.
    private static readonly TimeSpan WaitForWriter = TimeSpan.FromSeconds(2);

    // Long enough for two requests at once to meet, as they do at a bank.
    private const string UsualWork = "500";

    private static readonly Dictionary<string, SampleStore> Stores = new(StringComparer.OrdinalIgnoreCase)
    {
        ["memory"] = new((idempotency, _) => idempotency.UseMemory(), SampleCache.InThisProcess),
        ["distributed-cache"] = new((idempotency, server) => idempotency.UseCache(server), SampleCache.InThisProcess)
        {
            PlaceName = "redis",
        },
        ["redis"] = new((idempotency, server) => idempotency.UseRedis(server), "localhost:6379"),
        ["sqlite"] = new(
            (idempotency, file) => idempotency.UsePaymentsDatabase(
                options => options.UseSqlite($"Data Source={file}"), store => store.OperationTimeout = WaitForWriter),
            "payments.db")
        {
            DefaultPlace = Path.Combine(AppContext.BaseDirectory, "payments.db"),
            HasPayments = true,
        },
        ["postgres"] = new(
            (idempotency, connection) => idempotency.UsePaymentsDatabase(
                options => options.UseNpgsql(connection, postgres => postgres.EnableRetryOnFailure())),
            "\"Host=localhost;Username=postgres;Password=...;Database=payments\"")
        {
            DefaultPlace = null,
            HasPayments = true,
        },
    };

    private SampleSettings(SampleStore store, string place, TimeSpan work)
    {
        UseStore = idempotency => store.Use(idempotency, place);
        HasDatabase = store.HasPayments;
        Work = work;
    }

    /// <summary>Configures where keys and responses are stored, and with a database the payments, too.</summary>
    public Action<IIdempotencyBuilder> UseStore { get; }

    /// <summary>Whether keys and payments are in one database, which can commit them together.</summary>
    public bool HasDatabase { get; }

    /// <summary>How long the simulated work of one payment takes.</summary>
    public TimeSpan Work { get; }

    public static bool TryRead(
        IConfiguration configuration, [NotNullWhen(true)] out SampleSettings? settings, [NotNullWhen(false)] out string? problem)
    {
        settings = null;
        problem = null;
        var name = configuration["store"] ?? "memory";
        var work = configuration["work-ms"] ?? UsualWork;

        if (!Stores.TryGetValue(name, out var store))
            problem = $"--store '{name}' does not exist. Choose one of: {string.Join(", ", Stores.Keys)}.";
        else if ((configuration[store.PlaceName ?? name] ?? store.DefaultPlace) is not { } place || string.IsNullOrWhiteSpace(place))
            problem = $"--store {name} needs the place of its data, such as --{name} {store.Example}.";
        else if (!int.TryParse(work, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds))
            problem = $"--work-ms '{work}' is not a duration. Give a whole number of milliseconds, from 0 to {int.MaxValue}.";
        else
            settings = new SampleSettings(store, place, TimeSpan.FromMilliseconds(milliseconds));

        return settings is not null;
    }
}
