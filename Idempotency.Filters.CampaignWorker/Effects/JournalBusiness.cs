using Idempotency.Filters.CampaignWorker.History;

namespace Idempotency.Filters.CampaignWorker.Effects;

/// <summary>A business outside every transaction, such as a call to a bank: its effect is a line, which survives the process.</summary>
internal sealed class JournalBusiness(HistoryFile history, WorkerSettings settings) : IBusiness
{
    public Task SaveAsync(string key, string answer)
    {
        history.Write(new() { Kind = HistoryEventKind.Effect, Key = key, Answer = answer, Worker = settings.Number });
        return Task.CompletedTask;
    }
}
