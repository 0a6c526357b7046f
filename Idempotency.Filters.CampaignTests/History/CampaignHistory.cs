namespace Idempotency.Filters.CampaignTests.History;

/// <summary>What clients, workers and the database logged, put together.</summary>
internal sealed class CampaignHistory
{
    private readonly List<(DateTimeOffset Down, DateTimeOffset Up)> _outages = [];

    public CampaignHistory(IEnumerable<HistoryEvent> events)
    {
        // Stable: what has the same time stays in the order in which it was logged.
        var inOrder = events.OrderBy(entry => entry.At).ToList();
        Keys = inOrder.Where(entry => entry.Key is not null)
            .GroupBy(entry => entry.Key!)
            .ToDictionary(key => key.Key, key => new KeyHistory(key.Key, [.. key]));
        Kills = [.. inOrder.Where(entry => entry.Kind is HistoryEventKind.WorkerKilled).DistinctBy(entry => entry.Worker)];
        Pauses = inOrder.Count(entry => entry.Kind is HistoryEventKind.WorkerPaused);
        Faults = [.. inOrder.Where(entry => entry.Kind is HistoryEventKind.DatabaseDown)];
        foreach (var down in Faults)
        {
            var up = inOrder.FirstOrDefault(entry => entry.Kind is HistoryEventKind.DatabaseUp && entry.At >= down.At);
            _outages.Add((down.At, up?.At ?? DateTimeOffset.MaxValue));
        }
    }

    public IReadOnlyDictionary<string, KeyHistory> Keys { get; }

    /// <summary>Of workers.</summary>
    public IReadOnlyList<HistoryEvent> Kills { get; }

    /// <summary>How often a worker was stopped and woken.</summary>
    public int Pauses { get; }

    /// <summary>Of the database.</summary>
    public IReadOnlyList<HistoryEvent> Faults { get; }

    /// <summary>Reads all files of a folder.</summary>
    public static CampaignHistory Read(string folder, IEnumerable<HistoryEvent> effects) =>
        new(Directory.EnumerateFiles(folder, "*.jsonl").SelectMany(HistoryFile.Read).Concat(effects));

    /// <summary>
    /// How long each key stayed closed after the worker that had it was killed. Time without the database does not count.
    /// </summary>
    public IEnumerable<(string Key, TimeSpan Time)> Closures() =>
        from kill in Kills
        from key in Keys.Values
        where key.WasInFlightIn(kill.Worker!.Value, kill.At)
        let times = key.ClosedTimes(kill.At).Select(closed => closed.To - closed.From - Outage(closed.From, closed.To)).ToList()
        where times.Count > 0
        select (key.Key, times.Max());

    private TimeSpan Outage(DateTimeOffset from, DateTimeOffset to)
    {
        var overlaps =
            from outage in _outages
            let start = outage.Down > @from ? outage.Down : @from
            let end = outage.Up < to ? outage.Up : to
            where end > start
            select (end - start).Ticks;
        return TimeSpan.FromTicks(overlaps.Sum());
    }
}
