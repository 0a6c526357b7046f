namespace Idempotency.Filters.CampaignTests.Databases;

internal sealed class RedisDatabase(RedisServer server) : CampaignDatabase
{
    public override string Connection => server.Address;

    public static async Task<CampaignDatabase> StartAsync() => new RedisDatabase(await RedisServer.StartAsync());

    public override ValueTask DisposeAsync() => server.DisposeAsync();
}
