using Idempotency.Filters.CampaignTests.Driver;
using Idempotency.Filters.CampaignTests.History;
using Idempotency.Filters.CampaignTests.Results;

namespace Idempotency.Filters.CampaignTests;

/// <summary>The parts of a campaign add up, and are not run twice.</summary>
internal sealed class CampaignResultsTests
{
    private static readonly CampaignMode Redis = CampaignMode.Named("redis");

    private string _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("campaign-results-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void PartsAddUp()
    {
        var first = Summary(part: 1, new HistoryBuilder()
            .Sent("a", worker: 1).Effect("a", "x").Reached("a", CrashPoint.Saved, worker: 1).Killed(1, CrashPoint.Saved).Retried("a")
            .Sent("a", worker: 2).Effect("a", "y", worker: 2).Answered("a", "y"));
        var second = Summary(part: 2, new HistoryBuilder()
            .Sent("b", worker: 1).Reached("b", CrashPoint.Saved, worker: 1).Killed(1, CrashPoint.Saved).Retried("b")
            .DatabaseDown().DatabaseUp().Sent("b", worker: 2).Blocked("b").Killed(2));

        var sum = first + second;

        Assert.That(sum.Parts, Is.EqualTo(["1/1", "1/2"]));
        Assert.That(sum.Kills, Is.EqualTo(new Dictionary<string, int> { ["Saved"] = 2, ["random instant"] = 1 }));
        Assert.That(sum.DatabaseFaults, Is.EqualTo(new Dictionary<string, int> { ["kill"] = 1 }));
        Assert.That((sum.Keys, sum.Effects, sum.Answers, sum.Blocked), Is.EqualTo((2, 2, 1, 1)));
        Assert.That(sum.SecondRuns, Is.EqualTo(new Dictionary<string, int> { ["Saved"] = 1 }));
        Assert.That(sum.Violations, Is.EqualTo(new Dictionary<string, int> { ["SecondEffect"] = 1 }));
        Assert.That(sum.Seen, Is.EqualTo(new Dictionary<string, int> { ["nothing"] = 2 }));
    }

    [Test]
    public void PartThatWasRunIsNotRunAgainAndAnotherIs()
    {
        var results = new CampaignResults(_folder);
        var run = new CampaignRun(Redis, Seed: 1, Part: 1, Kills: 10);

        results.Write(run, Summary(part: 1, new()));

        Assert.That(results.Has(run), Is.True);
        Assert.That(results.Has(run with { Part = 2 }), Is.False);
        Assert.That(results.Has(run with { Seed = 2 }), Is.False);
        Assert.That(results.Has(run with { Kills = 20 }), Is.False);
    }

    [Test]
    public void TableHasARowForEachMode()
    {
        var results = new CampaignResults(_folder);
        results.Write(new(Redis, Seed: 1, Part: 1, Kills: 1), Summary(part: 1, new HistoryBuilder().Killed(1)));
        results.Write(new(Redis, Seed: 1, Part: 2, Kills: 1), Summary(part: 2, new HistoryBuilder().Killed(1)));

        var rows = results.Merge().Split('\n').Where(line => line.StartsWith("| redis | 2 |", StringComparison.Ordinal));

        Assert.That(rows.Count(), Is.EqualTo(1));
        Assert.That(File.Exists(Path.Combine(_folder, "summary.md")), Is.True);
    }

    private static CampaignSummary Summary(int part, HistoryBuilder builder)
    {
        var history = builder.History;
        var violations = HistoryChecker.Check(history, Redis.AllowedClosure);
        return CampaignSummary.Of(new(Redis, Seed: 1, part, Kills: 1), history, violations, TimeSpan.FromSeconds(1));
    }
}
