using System.Globalization;
using Idempotency.Filters.Benchmarks.Support;
using Idempotency.Filters.EntityFrameworkCore;
using Idempotency.Filters.Stores;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Benchmarks.Database;

/// <summary>Whether the table stays as large as the keys that are kept, while many more come and go and the clean-up runs.</summary>
internal static class GrowthCommand
{
    private const int AtOnce = 16;
    private const int Samples = 10;

    /// <summary>The names of its arguments.</summary>
    public static readonly string[] Options = ["keys", "retention", "mode"];

    private static readonly string[] Modes = ["lock", "row"];

    public static async Task RunAsync(Arguments arguments)
    {
        var keys = arguments.AtLeast("keys", Samples, 1_000_000);
        var retention = TimeSpan.FromSeconds(arguments.AtLeast("retention", 1, 20));
        foreach (var mode in arguments.Choices("mode", Modes, Modes))
        {
            await using var database = new PostgresServer
            {
                Settings = new Dictionary<string, string> { ["autovacuum_naptime"] = "1s", ["shared_buffers"] = "256MB" },
            };
            await database.StartAsync();
            var connectionString = await database.CreateDatabaseAsync();
            var table = new MarkdownTable(
                $"{mode} mode, {keys:N0} keys, kept for {retention.TotalSeconds} s", "keys/s", "rows", "dead rows",
                "table MB", "indexes MB");
            await GrowAsync(connectionString, mode, keys, retention, async (written, perSecond) =>
            {
                var figures = (string)(await database.ExecuteAsync(Figures, connectionString))!;
                table.Add([written.ToString("N0", CultureInfo.InvariantCulture), $"{perSecond:F0}", .. figures.Split('|')]);
                Console.Error.WriteLine($"{mode} {written} {figures}");
            });
            Console.WriteLine(table);
        }
    }

    private const string Figures = """
        SELECT concat_ws('|', (SELECT count(*) FROM idempotency_keys), n_dead_tup,
            round(pg_table_size(relid) / 1e6, 1), round(pg_indexes_size(relid) / 1e6, 1))
        FROM pg_stat_user_tables WHERE relname = 'idempotency_keys'
        """;

    private static async Task GrowAsync(
        string connectionString, string mode, int keys, TimeSpan retention, Func<int, double, Task> sample)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.ClearProviders();
        DatabaseApp.Use(builder.Services, connectionString, ClaimMode.Lock, retention);
        using var host = builder.Build();
        await using (var scope = host.Services.CreateAsyncScope())
            await scope.ServiceProvider.GetRequiredService<PaymentsContext>().Database.EnsureCreatedAsync();
        await host.StartAsync();
        var store = mode == "lock"
            ? host.Services.GetRequiredService<IIdempotencyStore>()
            : host.Services.GetRequiredKeyedService<IIdempotencyStore>("row");
        var record = new System.Buffers.ReadOnlySequence<byte>(new byte[700]);

        for (var part = 0; part < Samples; part++)
        {
            var started = TimeProvider.System.GetTimestamp();
            var numbers = Enumerable.Range(part * (keys / Samples), keys / Samples);
            await Parallel.ForEachAsync(
                numbers, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (number, _) => await StoreAsync(number));
            await sample(
                (part + 1) * (keys / Samples), keys / Samples / TimeProvider.System.GetElapsedTime(started).TotalSeconds);
        }

        await host.StopAsync();

        async Task StoreAsync(int number)
        {
            await using var scope = host.Services.CreateAsyncScope();
            var key = new StorageKey($"growth:{number % 1000}:{number}", $"growth:{number % 1000}:".Length);
            var options = new ClaimOptions
            {
                Lease = TimeSpan.FromSeconds(10), Retention = retention, Transactional = true, RequestServices = scope.ServiceProvider,
            };
            using var claimed = await store.ClaimAsync(key, options, CancellationToken.None);
            await using var claim = claimed.Claim ?? throw new InvalidOperationException($"{key} is {claimed.Outcome}.");
            await claim.RunAsync(() => Task.CompletedTask);
            using var completion = await claim.CompleteAsync(record, retention, CancellationToken.None);
            if (completion.Outcome is not CompletionOutcome.Stored)
                throw new InvalidOperationException($"{key}: {completion.Outcome}.");
        }
    }
}
