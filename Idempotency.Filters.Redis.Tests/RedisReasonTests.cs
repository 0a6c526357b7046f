using System.Net;
using System.Net.Sockets;
using Idempotency.Filters.Stores;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>A message about a server that cannot be reached says why.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RedisReasonTests
{
    private static readonly ClaimOptions Claim = new() { Lease = TimeSpan.FromSeconds(30) };

    [Test]
    public async Task ServerThatRefusesTheConnection()
    {
        var server = await RedisServer.StartAsync();
        var address = server.Address;
        await server.DisposeAsync();

        await AssertReasonAsync(address, $"{address} refused the connection.");
    }

    [Test]
    public async Task ServerThatGoesAwayAndComesBack()
    {
        await using var server = await RedisServer.StartAsync();
        await using var proxy = new CuttableProxy(server.Port);
        await using var stores = RedisStores.Over(proxy.Address, options => options.OperationTimeout = TimeSpan.FromSeconds(2));
        await stores.AskAsync(RedisStores.NewKey(), Claim);

        proxy.Cut(refuse: true);
        await UntilItSaysAsync(stores, "accepts connections, but has not answered on one");

        proxy.Heal();
        await Waiting.UntilAsync(async () =>
        {
            try
            {
                return await stores.AskAsync(RedisStores.NewKey(), Claim) is "Acquired";
            }
            catch (Exception exception) when (exception is TimeoutException or RedisException)
            {
                return false;
            }
        });
    }

    [Test]
    public Task NameThatDoesNotExist() =>
        AssertReasonAsync("redis.invalid:6379", "the name in redis.invalid:6379 cannot be resolved.");

    [TestCase("")]
    [TestCase(",password=wrong")]
    public async Task ServerThatRefusesThePassword(string suffix)
    {
        await using var server = await RedisServer.StartAsync();
        await server.ExecuteAsync("CONFIG", "SET", "requirepass", "sesame");

        await AssertReasonAsync($"127.0.0.1:{server.Port}{suffix}", "refused the user or the password");
    }

    [Test]
    public async Task ServerWithoutTls()
    {
        await using var server = await RedisServer.StartAsync();
        await using var stores = RedisStores.Over(
            $"{server.Address},ssl=true,connectTimeout=1000", options => options.OperationTimeout = TimeSpan.FromSeconds(3));

        await UntilItSaysAsync(stores, "the TLS handshake with");
    }

    [Test]
    public async Task ServerThatAcceptsAndSaysNothing()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        await AssertReasonAsync($"{listener.LocalEndpoint}", "accepts connections, but has not answered on one.");
    }

    // On a busy machine the oldest client sometimes keeps no reason for as long as it lives: then another one is asked.
    private static async Task AssertReasonAsync(string connectionString, string reason)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var stores = RedisStores.Over(connectionString, options => options.OperationTimeout = TimeSpan.FromSeconds(2));
            try
            {
                await UntilItSaysAsync(stores, reason).WaitAsync(TimeSpan.FromSeconds(20));
                return;
            }
            catch (TimeoutException) when (attempt < 6)
            {
            }
        }
    }

    // The client may learn the reason after the first call has run out of time.
    private static Task UntilItSaysAsync(RedisStores stores, string reason) => Waiting.UntilAsync(
        async () => await ReasonAsync(stores) is { } message && message.Contains(reason, StringComparison.Ordinal));

    private static async Task<string?> ReasonAsync(RedisStores stores)
    {
        try
        {
            await stores.AskAsync(RedisStores.NewKey(), Claim);
            return null;
        }
        catch (Exception exception)
        {
            return exception.Message;
        }
    }
}
