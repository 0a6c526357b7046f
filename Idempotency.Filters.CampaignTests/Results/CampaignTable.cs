using System.Globalization;
using Idempotency.Filters.CampaignTests.Driver;
using Idempotency.Filters.CampaignTests.History;

namespace Idempotency.Filters.CampaignTests.Results;

/// <summary>The tables of docs/campaign.md.</summary>
internal static class CampaignTable
{
    // Other violations have a column of their own.
    private static readonly string[] Counted = [nameof(ViolationKind.SecondEffect), nameof(ViolationKind.TwoAnswers)];

    public static string Of(IEnumerable<(CampaignMode Mode, CampaignSummary Sum)> campaigns)
    {
        var rows = new List<string>
        {
            "| mode | kills | pauses | database faults | keys | effects | second runs | two answers | blocked | other violations "
            + "| longest closure (allowed) | duration |",
            "|---|---|---|---|---|---|---|---|---|---|---|---|",
        };
        var details = new List<string>();
        foreach (var (mode, sum) in campaigns)
        {
            string[] cells =
            [
                mode.Name, Total(sum.Kills), Number(sum.Pauses), List(sum.DatabaseFaults), Number(sum.Keys), Number(sum.Effects),
                List(sum.SecondRuns),
                Number(sum.Violations.GetValueOrDefault(nameof(ViolationKind.TwoAnswers))), Number(sum.Blocked),
                List(sum.Violations.Where(violation => !Counted.Contains(violation.Key))),
                $"{Seconds(sum.LongestClosure)} ({Seconds(mode.AllowedClosure)})", $"{Number((int)sum.Duration.TotalMinutes)} min",
            ];
            rows.Add($"| {string.Join(" | ", cells)} |");
            details.Add($"- {mode.Name}: killed at {List(sum.Kills)}; clients saw {List(sum.Seen)} before their answers; "
                + $"seed/part {string.Join(", ", sum.Parts)}");
        }

        return string.Join(Environment.NewLine, [.. rows, "", .. details, ""]);
    }

    private static string Total(IReadOnlyDictionary<string, int> counts) => Number(counts.Values.Sum());

    private static string List(IEnumerable<KeyValuePair<string, int>> counts) =>
        counts.Any() ? string.Join(", ", counts.Select(count => $"{count.Key} {Number(count.Value)}")) : "0";

    private static string Number(int value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:F1} s");
}
