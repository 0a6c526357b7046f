using System.Text.Json;
using Idempotency.Filters.CampaignTests.Driver;
using Idempotency.Filters.CampaignTests.History;
using Idempotency.Filters.CampaignTests.Results;

namespace Idempotency.Filters.CampaignTests;

/// <summary>The short form of the campaign: every build kills some workers, and reads what became of their keys.</summary>
[Category("Processes")]
internal sealed class ShortCampaignTests
{
    private const int Seed = 1;
    private const int PointsAreHitFrom = 40;

    [TestCase("postgres-lock", 100)]
    [TestCase("postgres-row", 60)]
    [TestCase("sqlite", 40)]
    [TestCase("postgres-row-block", 10)]
    [TestCase("postgres-plain", 10)]
    [TestCase("postgres-plain-block", 10)]
    [TestCase("redis-block", 10)]
    [TestCase("classic-block", 10)]
    [TestCase("redis", 10)]
    [TestCase("classic", 10)]
    [TestCase("memory", 10)]
    [TestCase("memory-block", 10)]
    public async Task EachKeyHasWhatItsModePromises(string name, int kills)
    {
        var mode = CampaignMode.Named(name);
        var result = await RunAsync(new(mode, Seed, Part: 1, kills));

        Assert.That(result.Violations.Where(violation => !mode.Allows(violation.Kind)), Is.Empty);
        // Only a key whose answer was not recorded runs again. A cache has no compare-and-set, and may lose a record.
        if (mode.Store is WorkerStore.Redis)
            Assert.That(result.Summary.SecondRuns.Keys, Is.SubsetOf(["Saved", "BeforeCommit", "DuringCommit"]));
        if (kills >= PointsAreHitFrom)
            Assert.That(result.Summary.Kills.Keys, Is.SupersetOf(Enum.GetNames<CrashPoint>()));
        Clean(result);
    }

    [Test]
    public async Task PlantedSecondRunIsFound()
    {
        var result = await RunAsync(new(CampaignMode.Named("redis"), Seed, Part: 1, Kills: 1) { Paths = ["/mvc", "/unprotected"] });

        Assert.That(result.Summary.Violations.Keys, Does.Contain(nameof(ViolationKind.SecondEffect)));
        Assert.That(result.Summary.Violations.Keys, Does.Contain(nameof(ViolationKind.TwoAnswers)));
        Clean(result);
    }

    private static async Task<CampaignResult> RunAsync(CampaignRun run)
    {
        var result = await Campaign.RunAsync(run);
        TestContext.Progress.WriteLine(JsonSerializer.Serialize(result.Summary));
        TestContext.Out.WriteLine($"The history is in {result.Folder}.");
        return result;
    }

    // What a failed test leaves is wanted.
    private static void Clean(CampaignResult result) => Directory.Delete(result.Folder, recursive: true);
}
