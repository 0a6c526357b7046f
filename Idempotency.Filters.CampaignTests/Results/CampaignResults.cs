using System.Text.Json;
using Idempotency.Filters.CampaignTests.Driver;

namespace Idempotency.Filters.CampaignTests.Results;

/// <summary>
/// A folder of summaries, a file for each part of a campaign. A part whose file is there is not run again, so a campaign that broke off
/// goes on.
/// </summary>
internal sealed class CampaignResults(string folder)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    public bool Has(CampaignRun run) => File.Exists(FileOf(run));

    public void Write(CampaignRun run, CampaignSummary summary)
    {
        Directory.CreateDirectory(folder);
        // The file is there when all of it is.
        var unfinished = FileOf(run) + ".tmp";
        File.WriteAllText(unfinished, JsonSerializer.Serialize(summary, Json));
        File.Move(unfinished, FileOf(run), overwrite: true);
    }

    /// <summary>Adds up the parts of each mode, and writes the table beside them.</summary>
    public string Merge()
    {
        var sums = Directory.EnumerateFiles(folder, "*.json")
            .Order()
            .Select(file => JsonSerializer.Deserialize<CampaignSummary>(File.ReadAllText(file))!)
            .GroupBy(summary => summary.Mode)
            .ToDictionary(mode => mode.Key, mode => mode.Aggregate((left, right) => left + right));
        var table = CampaignTable.Of(CampaignMode.All.Where(mode => sums.ContainsKey(mode.Name)).Select(mode => (mode, sums[mode.Name])));
        File.WriteAllText(Path.Combine(folder, "summary.md"), table);
        return table;
    }

    private string FileOf(CampaignRun run) => Path.Combine(folder, $"{run.Mode.Name}-seed{run.Seed}-part{run.Part}-kills{run.Kills}.json");
}
