namespace Idempotency.Filters.CampaignTests.History;

/// <summary>Writes a history by hand: a millisecond for each event, unless said otherwise.</summary>
internal sealed class HistoryBuilder
{
    private readonly List<HistoryEvent> _events = [];
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public CampaignHistory History => new(_events);

    public HistoryBuilder Sent(string key, int worker, int client = 0) =>
        Add(new() { Kind = HistoryEventKind.Sent, Key = key, Worker = worker, Client = client });

    public HistoryBuilder Retried(string key, int client = 0, string saw = "nothing") =>
        Add(new() { Kind = HistoryEventKind.Retried, Key = key, Client = client, Answer = saw });

    public HistoryBuilder Answered(string key, string answer, int client = 0) =>
        Add(new() { Kind = HistoryEventKind.Answered, Key = key, Client = client, Answer = answer });

    public HistoryBuilder Blocked(string key, int client = 0) =>
        Add(new() { Kind = HistoryEventKind.Blocked, Key = key, Client = client });

    public HistoryBuilder Reached(string key, CrashPoint point, int worker) =>
        Add(new() { Kind = HistoryEventKind.Reached, Key = key, Point = point, Worker = worker });

    public HistoryBuilder Effect(string key, string answer, int worker = 1) =>
        Add(new() { Kind = HistoryEventKind.Effect, Key = key, Answer = answer, Worker = worker });

    public HistoryBuilder Killed(int worker, CrashPoint? point = null) =>
        Add(new() { Kind = HistoryEventKind.WorkerKilled, Worker = worker, Point = point });

    public HistoryBuilder DatabaseDown() => Add(new() { Kind = HistoryEventKind.DatabaseDown, Answer = "kill" });

    public HistoryBuilder DatabaseUp() => Add(new() { Kind = HistoryEventKind.DatabaseUp, Answer = "kill" });

    public HistoryBuilder After(TimeSpan time)
    {
        _now += time;
        return this;
    }

    private HistoryBuilder Add(HistoryEvent entry)
    {
        _events.Add(entry with { At = _now });
        return After(TimeSpan.FromMilliseconds(1));
    }
}
