namespace Idempotency.Filters.Redis.Tests.Contract;

/// <summary>Over a server of its own, as the user of docs/redis.md.</summary>
internal sealed class RestrictedContractStore : RedisContractStore
{
    private static readonly Lazy<Task<RedisServer>> Server = new(() => RedisServer.StartAsync());
    private static readonly Lazy<Task<string>> User = new(CreateUserAsync);

    public static async Task StopAsync()
    {
        if (Server is not { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            return;

        var server = await Server.Value;
        var refusals = await RestrictedUser.RefusalsAsync(server);
        await server.DisposeAsync();
        Assert.That(refusals, Is.Empty, "the user was refused what the store, or its client, asks for");
    }

    protected override Task<string> AddressAsync() => User.Value;

    /// <summary>Two tests of the contract have keys of others, too: "other:..." and "no handle of this store...".</summary>
    private static async Task<string> CreateUserAsync()
    {
        var server = await Server.Value;
        var connection = await RestrictedUser.CreateAsync(server, "contract:");
        await server.ExecuteAsync("ACL", "SETUSER", "shop", "~other:*", "~no*");
        return connection;
    }
}
