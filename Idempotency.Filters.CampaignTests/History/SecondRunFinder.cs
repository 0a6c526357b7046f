namespace Idempotency.Filters.CampaignTests.History;

/// <summary>Finds out where the run before a second one was interrupted.</summary>
internal static class SecondRunFinder
{
    public const string AfterAnswer = "after the answer";
    public const string Unknown = "nowhere";

    /// <returns>How many effects too many there are, by the last point that the run before each reached.</returns>
    public static Dictionary<string, int> Count(CampaignHistory history) => history.Keys.Values
        .SelectMany(key => key.Effects.Zip(key.Effects.Skip(1), (earlier, later) => Place(key, earlier, later)))
        .CountBy(place => place)
        .ToDictionary();

    private static string Place(KeyHistory key, HistoryEvent earlier, HistoryEvent later)
    {
        var between = key.Events.TakeWhile(entry => entry != later).ToList();
        if (between.Any(entry => entry.Kind is HistoryEventKind.Answered && entry.Answer == earlier.Answer))
            return AfterAnswer;

        var last = between.LastOrDefault(entry => entry.Kind is HistoryEventKind.Reached && entry.Worker == earlier.Worker)?.Point;
        // Killed after the effect, and before it could say so.
        return (last is CrashPoint.InAction ? CrashPoint.Saved : last)?.ToString() ?? Unknown;
    }
}
