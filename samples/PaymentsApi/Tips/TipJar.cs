namespace PaymentsApi.Tips;

/// <summary>All tips since the start, in order.</summary>
internal sealed class TipJar(TimeProvider timeProvider)
{
    private readonly Lock _lock = new();
    private readonly OrderedDictionary<Guid, Tip> _tips = [];

    public IReadOnlyList<Tip> All()
    {
        lock (_lock)
            return [.. _tips.Values];
    }

    public Tip? Find(Guid id)
    {
        lock (_lock)
            return _tips.GetValueOrDefault(id);
    }

    public Tip Drop(CreateTip command)
    {
        var now = timeProvider.GetUtcNow();
        var tip = new Tip(Guid.CreateVersion7(now), command.Amount, command.Currency, now);
        lock (_lock)
            _tips.Add(tip.Id, tip);
        return tip;
    }
}
