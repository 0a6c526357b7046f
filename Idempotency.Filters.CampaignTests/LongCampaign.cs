using Idempotency.Filters.CampaignTests.Driver;
using Idempotency.Filters.CampaignTests.Results;

namespace Idempotency.Filters.CampaignTests;

/// <summary>
/// The long form of the campaign, in parts. The environment says which: <c>./build.sh --target Campaign</c> sets it, and docs/campaign.md
/// says how.
/// </summary>
[Category("Long"), Category("Campaign")]
internal sealed class LongCampaign
{
    private const int KillsOfAPart = 250;

    private readonly CampaignResults _results = new(Setting("RESULTS", Path.Combine(AppContext.BaseDirectory, "campaign")));

    [Test]
    public async Task RunsItsPartsAndAddsThemUp()
    {
        var modes = Setting("MODE", "redis-block").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(CampaignMode.Named).ToList();
        var failed = new List<string>();
        foreach (var run in modes.SelectMany(Parts).Where(run => !_results.Has(run)))
            failed.AddRange(await RunAsync(run));

        TestContext.Progress.WriteLine(_results.Merge());
        Assert.That(failed, Is.Empty);
    }

    private static IEnumerable<CampaignRun> Parts(CampaignMode mode)
    {
        var seed = Setting("SEED", 1);
        var kills = Setting("KILLS", mode.LongKills);
        var parts = Setting("PARTS", (kills + KillsOfAPart - 1) / KillsOfAPart);
        var only = Setting("PART", 0);
        // The remainder is spread over the first parts.
        return Enumerable.Range(1, parts)
            .Where(part => only == 0 || part == only)
            .Select(part => new CampaignRun(mode, seed, part, kills / parts + (part <= kills % parts ? 1 : 0)));
    }

    /// <returns>What must not happen in its mode.</returns>
    private async Task<IEnumerable<string>> RunAsync(CampaignRun run)
    {
        TestContext.Progress.WriteLine($"{run.Mode.Name}: seed {run.Seed}, part {run.Part}, {run.Kills} kills.");
        var result = await Campaign.RunAsync(run);
        _results.Write(run, result.Summary);

        var forbidden = result.Violations.Where(violation => !run.Mode.Allows(violation.Kind)).ToList();
        if (forbidden.Count == 0)
            Directory.Delete(result.Folder, recursive: true);
        return forbidden.Select(violation => $"{run.Mode.Name}, seed {run.Seed}, part {run.Part}: {violation} ({result.Folder})");
    }

    private static int Setting(string name, int fallback) =>
        Setting(name, "") is { Length: > 0 } value ? int.Parse(value, System.Globalization.CultureInfo.InvariantCulture) : fallback;

    private static string Setting(string name, string fallback) =>
        Environment.GetEnvironmentVariable("CAMPAIGN_" + name) is { Length: > 0 } value ? value : fallback;
}
