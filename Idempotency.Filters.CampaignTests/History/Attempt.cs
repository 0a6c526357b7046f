namespace Idempotency.Filters.CampaignTests.History;

/// <summary>One request of a client.</summary>
/// <param name="Worker">The worker that it was sent to.</param>
/// <param name="Sent">When the client sent it.</param>
/// <param name="Ended">When the client had an answer, or gave up.</param>
/// <param name="Answer">What the client saw; null if nothing is known.</param>
internal sealed record Attempt(int Worker, DateTimeOffset Sent, DateTimeOffset Ended, string? Answer)
{
    public bool Overlaps(Attempt other) => Sent < other.Ended && other.Sent < Ended;

    /// <summary>All attempts of one client, whose events these are.</summary>
    public static IEnumerable<Attempt> Of(IEnumerable<HistoryEvent> client)
    {
        HistoryEvent? sent = null;
        foreach (var entry in client)
        {
            if (sent is not null)
                yield return new(sent.Worker!.Value, sent.At, entry.At, entry.Answer);
            sent = entry.Kind is HistoryEventKind.Sent ? entry : null;
        }

        if (sent is not null)
            yield return new(sent.Worker!.Value, sent.At, DateTimeOffset.MaxValue, null);
    }
}
