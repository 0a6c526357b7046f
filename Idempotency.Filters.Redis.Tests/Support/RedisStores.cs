using System.Text;
using Idempotency.Filters.Stores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Tests.Support;

/// <summary>
/// A store as an application gets it: from its services. It is patient, as machines that run tests need, unless a test says otherwise.
/// </summary>
internal sealed class RedisStores : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private RedisStores(ServiceProvider services, LogSink logs)
    {
        _services = services;
        Logs = logs;
        Store = services.GetRequiredService<IIdempotencyStore>();
    }

    public IIdempotencyStore Store { get; }

    public IIdempotencyStoreAdministration Administration => (IIdempotencyStoreAdministration)Store;

    public LogSink Logs { get; }

    public static RedisStores Over(RedisServer server, Action<RedisStoreOptions>? configure = null, TimeProvider? clock = null) =>
        Over(server.Address, configure, clock);

    public static RedisStores Over(string connectionString, Action<RedisStoreOptions>? configure = null, TimeProvider? clock = null) =>
        Over(idempotency => idempotency.UseRedis(connectionString, BePatient + configure), clock);

    public static RedisStores Over(
        IConnectionMultiplexer multiplexer, Action<RedisStoreOptions> configure, TimeProvider? clock = null) => Over(
        idempotency =>
        {
            idempotency.Services.AddSingleton(multiplexer);
            idempotency.UseRedis(configure);
        },
        clock);

    /// <summary>Returns once a command gives that answer: for what happens by itself.</summary>
    public static async Task UntilAsync(RedisServer server, object? answer, params string[] command)
    {
        using var connection = await server.ConnectAsync();
        await Waiting.UntilAsync(async () => Equals(await connection.ExecuteAsync(command), answer));
    }

    /// <summary>How many connections listen for messages about a key.</summary>
    public static async Task<long> ListenersAsync(RedisServer server, string key) =>
        (long)((object?[])(await server.ExecuteAsync("PUBSUB", "NUMSUB", key))!)[1]!;

    /// <summary>
    /// Returns once the value of a key says that somebody waits. Not for a key that is refused when interrupted: there the byte says more.
    /// </summary>
    public static Task UntilSomebodyWaitsAsync(RedisServer server, string key) => UntilAsync(server, "\u0001", "GETRANGE", key, "25", "25");

    public static void BePatient(RedisStoreOptions options) => options.OperationTimeout = TimeSpan.FromSeconds(20);

    /// <summary>A key that no other test has.</summary>
    public static string NewKey() => $"redis-tests:{Guid.NewGuid():N}:key";

    public async Task<IdempotencyClaim> AcquireAsync(string key, ClaimOptions options)
    {
        using var result = await Store.ClaimAsync(key, options, CancellationToken.None);
        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Acquired));
        return result.Claim!;
    }

    /// <summary>Claims, and tells no more than the outcome; of a record also its text.</summary>
    public async Task<string> AskAsync(string key, ClaimOptions options)
    {
        using var result = await Store.ClaimAsync(key, options, CancellationToken.None);
        return result.Outcome == ClaimOutcome.Completed ? Encoding.UTF8.GetString(result.Record) : result.Outcome.ToString();
    }

    public Task<ClaimResult> WaitAsync(string key, ClaimOptions options, CancellationToken cancellationToken = default) =>
        Store.WaitAsync(key, options, TimeSpan.FromMinutes(1), cancellationToken).AsTask();

    public static async Task<CompletionOutcome> CompleteAsync(IdempotencyClaim claim, string record, TimeSpan? retention = null)
    {
        using var completion = await claim.CompleteAsync(
            new(Encoding.UTF8.GetBytes(record)), retention ?? TimeSpan.FromMinutes(10), CancellationToken.None);
        return completion.Outcome;
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    private static RedisStores Over(Action<IIdempotencyBuilder> use, TimeProvider? clock)
    {
        var logs = new LogSink();
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddProvider(logs).SetMinimumLevel(LogLevel.Debug));
        if (clock is not null)
            services.AddSingleton(clock);
        use(services.AddIdempotency());
        return new(services.BuildServiceProvider(), logs);
    }
}
