namespace Idempotency.Filters.Redis.Tests.Contract;

/// <summary>Over the cluster that these tests share; their keys are spread over its nodes.</summary>
internal sealed class RedisClusterContractStore : RedisContractStore
{
    private static readonly Lazy<Task<RedisCluster>> Cluster = new(RedisCluster.StartAsync);

    public static async Task StopAsync()
    {
        if (Cluster is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await Cluster.Value).DisposeAsync();
    }

    protected override async Task<string> AddressAsync() => (await Cluster.Value).Addresses;
}
