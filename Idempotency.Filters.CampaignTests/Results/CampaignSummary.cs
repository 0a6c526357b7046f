using Idempotency.Filters.CampaignTests.Driver;
using Idempotency.Filters.CampaignTests.History;

namespace Idempotency.Filters.CampaignTests.Results;

/// <summary>The numbers of one or more parts of a campaign. They add up.</summary>
internal sealed record CampaignSummary
{
    private const string RandomInstant = "random instant";

    public required string Mode { get; init; }

    /// <summary>The seed and the part of each run that is in here: <c>7/3</c>.</summary>
    public required IReadOnlyList<string> Parts { get; init; }

    /// <summary>The killed workers, by the point at which they died.</summary>
    public required IReadOnlyDictionary<string, int> Kills { get; init; }

    /// <summary>How often a worker was stopped for longer than its lease, and woken.</summary>
    public required int Pauses { get; init; }

    public required IReadOnlyDictionary<string, int> DatabaseFaults { get; init; }

    public required int Keys { get; init; }

    /// <summary>How often an action began.</summary>
    public required int Runs { get; init; }

    public required int Effects { get; init; }

    /// <summary>Final answers.</summary>
    public required int Answers { get; init; }

    /// <summary>Keys whose clients were told that the outcome is unknown.</summary>
    public required int Blocked { get; init; }

    /// <summary>Effects that a key had too many, by the point at which the run before was interrupted.</summary>
    public required IReadOnlyDictionary<string, int> SecondRuns { get; init; }

    /// <summary>How often the promise was broken, by kind.</summary>
    public required IReadOnlyDictionary<string, int> Violations { get; init; }

    /// <summary>What clients saw before their final answer.</summary>
    public required IReadOnlyDictionary<string, int> Seen { get; init; }

    /// <summary>The longest that a key stayed closed after its worker was killed. While the database was away does not count.</summary>
    public required TimeSpan LongestClosure { get; init; }

    public required TimeSpan Duration { get; init; }

    public static CampaignSummary Of(
        CampaignRun run, CampaignHistory history, IReadOnlyList<Violation> violations, TimeSpan duration)
    {
        var events = history.Keys.Values.SelectMany(key => key.Events).ToList();
        return new()
        {
            Mode = run.Mode.Name,
            Parts = [$"{run.Seed}/{run.Part}"],
            Kills = Count(history.Kills.Select(kill => kill.Point?.ToString() ?? RandomInstant)),
            Pauses = history.Pauses,
            DatabaseFaults = Count(history.Faults.Select(fault => fault.Answer!)),
            Keys = history.Keys.Count,
            Runs = events.Count(entry => entry.Point is CrashPoint.InAction && entry.Kind is HistoryEventKind.Reached),
            Effects = history.Keys.Values.Sum(key => key.Effects.Count),
            Answers = history.Keys.Values.Sum(key => key.Answers.Count),
            Blocked = history.Keys.Values.Count(key => key.IsBlocked),
            SecondRuns = SecondRunFinder.Count(history),
            Violations = Count(violations.Select(violation => violation.Kind.ToString())),
            Seen = Count(events.Where(entry => entry.Kind is HistoryEventKind.Retried).Select(entry => entry.Answer!)),
            LongestClosure = history.Closures().Select(closure => closure.Time).DefaultIfEmpty().Max(),
            Duration = duration,
        };
    }

    public static CampaignSummary operator +(CampaignSummary left, CampaignSummary right) => new()
    {
        Mode = left.Mode,
        Parts = [.. left.Parts, .. right.Parts],
        Kills = Add(left.Kills, right.Kills),
        Pauses = left.Pauses + right.Pauses,
        DatabaseFaults = Add(left.DatabaseFaults, right.DatabaseFaults),
        Keys = left.Keys + right.Keys,
        Runs = left.Runs + right.Runs,
        Effects = left.Effects + right.Effects,
        Answers = left.Answers + right.Answers,
        Blocked = left.Blocked + right.Blocked,
        SecondRuns = Add(left.SecondRuns, right.SecondRuns),
        Violations = Add(left.Violations, right.Violations),
        Seen = Add(left.Seen, right.Seen),
        LongestClosure = left.LongestClosure > right.LongestClosure ? left.LongestClosure : right.LongestClosure,
        Duration = left.Duration + right.Duration,
    };

    private static SortedDictionary<string, int> Count(IEnumerable<string> names) => new(names.CountBy(name => name).ToDictionary());

    private static SortedDictionary<string, int> Add(IReadOnlyDictionary<string, int> left, IReadOnlyDictionary<string, int> right) =>
        new(left.Concat(right).GroupBy(pair => pair.Key).ToDictionary(same => same.Key, same => same.Sum(pair => pair.Value)));
}
