namespace Idempotency.Filters.CampaignTests.History;

/// <summary>All that was logged about one key, in the order of time: a register that is written once.</summary>
internal sealed class KeyHistory(string key, IReadOnlyList<HistoryEvent> events)
{
    /// <summary>What a client is told while a key is closed.</summary>
    public const string InFlight = "409 in-flight";

    private readonly DateTimeOffset? _final = events.FirstOrDefault(IsFinal)?.At;

    private readonly List<Attempt> _attempts =
        [.. events.Where(entry => entry.Client is not null).GroupBy(entry => entry.Client).SelectMany(Attempt.Of)];

    public string Key => key;

    public IReadOnlyList<HistoryEvent> Events => events;

    public IReadOnlyList<HistoryEvent> Effects { get; } = Of(events, HistoryEventKind.Effect);

    public IReadOnlyList<HistoryEvent> Answers { get; } = Of(events, HistoryEventKind.Answered);

    /// <summary>Whether clients were told that nobody knows the outcome. They did not get an answer, and there is none to lose.</summary>
    public bool IsBlocked { get; } = events.Any(entry => entry.Kind is HistoryEventKind.Blocked);

    /// <summary>The clients whose last word is not final.</summary>
    public IEnumerable<int> Unanswered => events
        .Where(entry => entry.Client is not null)
        .GroupBy(entry => entry.Client!.Value)
        .Where(client => !client.Any(IsFinal))
        .Select(client => client.Key);

    /// <summary>Whether a worker had a request for this key when it was killed, before anybody had an answer.</summary>
    public bool WasInFlightIn(int worker, DateTimeOffset at) =>
        !(_final <= at) && _attempts.Exists(attempt => attempt.Worker == worker && attempt.Sent <= at && attempt.Ended > at);

    /// <summary>
    /// The times after this, by whose ends a client asked and was told that the key is in flight, although no worker can have claimed it
    /// again: none says so, and none has another request that was not refused, too. A request that failed may have claimed it, and its
    /// claim lasts as long as that of a dead worker: the time begins anew.
    /// </summary>
    public IEnumerable<(DateTimeOffset From, DateTimeOffset To)> ClosedTimes(DateTimeOffset at)
    {
        var open = events.FirstOrDefault(entry => entry.At > at && (IsFinal(entry) || entry.Point is CrashPoint.Claimed))?.At;
        return
            from refused in _attempts
            where refused.Answer == InFlight && refused.Sent > at && !(refused.Sent > open)
            let others = _attempts.Where(other => other.Answer != InFlight)
            where !others.Any(refused.Overlaps)
            let failed = others.Where(other => other.Ended > at && other.Ended <= refused.Sent).Select(other => other.Ended)
            select (failed.Append(at).Max(), refused.Sent);
    }

    private static bool IsFinal(HistoryEvent entry) => entry.Kind is HistoryEventKind.Answered or HistoryEventKind.Blocked;

    private static HistoryEvent[] Of(IReadOnlyList<HistoryEvent> events, HistoryEventKind kind) =>
        [.. events.Where(entry => entry.Kind == kind)];
}
