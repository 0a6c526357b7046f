using System.Diagnostics;
using Idempotency.Filters.CampaignTests.Databases;
using Idempotency.Filters.CampaignTests.History;
using Idempotency.Filters.CampaignTests.Results;

namespace Idempotency.Filters.CampaignTests.Driver;

/// <summary>Runs one part of a campaign, and reads its history.</summary>
internal static class Campaign
{
    public static async Task<CampaignResult> RunAsync(CampaignRun run)
    {
        var folder = Directory.CreateTempSubdirectory("campaign-").FullName;
        var since = Stopwatch.GetTimestamp();
        await using var database = await run.Mode.StartDatabase();
        if (run.Mode.HasTables)
            await WorkerProcess.MakeTablesAsync(run.Mode, database.Connection, folder);
        await CrashAsync(run, database, folder);

        var history = CampaignHistory.Read(folder, await database.EffectsAsync());
        var violations = HistoryChecker.Check(history, run.Mode.AllowedClosure);
        var summary = CampaignSummary.Of(run, history, violations, Stopwatch.GetElapsedTime(since));
        return new(summary, violations, folder);
    }

    private static async Task CrashAsync(CampaignRun run, CampaignDatabase database, string folder)
    {
        using var history = new HistoryFile(Path.Combine(folder, "clients.jsonl"));
        await using var pool = WorkerPool.Start(
            number => WorkerProcess.StartAsync(run.Mode, database.Connection, folder, number), run.Mode.Workers);
        var clients = CampaignClients.Start(new CampaignClient(pool, history), run);
        await new Killer(run, pool, clients, database, history).RunAsync();

        await clients.StopAsync();
        if (run.Mode.RecordsOutliveProcess)
            await clients.AskAgainAsync();
    }
}
