namespace Idempotency.Filters.TestSupport;

/// <summary>The server that the tests of an assembly share if their keys keep them apart.</summary>
internal static class SharedRedis
{
    private static readonly Lazy<Task<RedisServer>> Server = new(() => RedisServer.StartAsync());

    public static Task<RedisServer> ServerAsync() => Server.Value;

    /// <summary>Call this at the end of a run, from the set-up fixture of the assembly.</summary>
    public static async Task StopAsync()
    {
        if (Server is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await Server.Value).DisposeAsync();
    }
}
