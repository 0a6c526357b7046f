namespace Idempotency.Filters.CampaignWorker.Effects;

/// <summary>A business in the transaction of its record: its effect is a row.</summary>
internal sealed class TableBusiness(ShopContext shop, WorkerSettings settings) : IBusiness
{
    public async Task SaveAsync(string key, string answer)
    {
        shop.Add(new Payment { Key = key, Answer = answer, Worker = settings.Number, At = DateTime.UtcNow });
        await shop.SaveChangesAsync();
    }
}
