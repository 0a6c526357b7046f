using Idempotency.Filters.Stores;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>Connections that are there, and carry nothing any more.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RedisSilenceTests : OwnRedisTests
{
    private const int Replaced = 71;

    // One for calls, one for messages.
    private const int ConnectionsOfAClient = 2;

    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromMinutes(10) };

    private readonly string _key = RedisStores.NewKey();
    private LateProxy _proxy = null!;

    [SetUp]
    public void StartProxy() => _proxy = new(Server.Port);

    [TearDown]
    public async Task StopProxyAsync() => await _proxy.DisposeAsync();

    [Test]
    public async Task SilentConnectionIsReplaced()
    {
        await using var stores = RedisStores.Over(_proxy.Address, BeImpatient);
        var held = await stores.AcquireAsync(_key, Held);
        _proxy.Hold();

        var unanswered = await UntilAnsweredAsync(stores);

        await Waiting.UntilAsync(() => Replacements(stores) == 1);
        Assert.That(await RedisStores.CompleteAsync(held, "record"), Is.EqualTo(CompletionOutcome.Stored));
        // What comes over the old connection yet is given up.
        await _proxy.DeliverAsync();
        foreach (var key in unanswered)
            await RedisStores.UntilAsync(Server, 0L, "EXISTS", key);
    }

    [Test]
    public async Task ConnectionThatIsNotMadeAgainIsReplaced()
    {
        await using var stores = RedisStores.Over(_proxy.Address + ",keepAlive=1000", BeImpatient);
        await ConnectAsync(stores);
        _proxy.Hold(alsoNew: true);
        _proxy.Cut();
        // Both are made again, in vain, and the client looks at them no more than every 1000 seconds.
        await Waiting.UntilAsync(() => _proxy.Connections >= 2 * ConnectionsOfAClient);
        _proxy.Heal();

        await UntilAnsweredAsync(stores);
    }

    [Test]
    public async Task WaiterIsWokenOverTheNewConnection()
    {
        await using var near = RedisStores.Over(Server);
        await using var far = RedisStores.Over(_proxy.Address, BeImpatient);
        var held = await near.AcquireAsync(_key, Held);
        var waiting = far.WaitAsync(_key, Held);
        await RedisStores.UntilSomebodyWaitsAsync(Server, _key);
        _proxy.Hold();

        await UntilAnsweredAsync(far);
        // The server still has the old connection, too.
        await Waiting.UntilAsync(async () => await RedisStores.ListenersAsync(Server, _key) == 2);
        await RedisStores.CompleteAsync(held, "record");

        using var result = await waiting.Soon();
        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Completed));
    }

    [Test]
    public async Task ConnectionToASilentServerIsKept()
    {
        await using var stores = RedisStores.Over(_proxy.Address, BeImpatient);
        await ConnectAsync(stores);
        var clients = await ClientsAsync();
        await Server.PauseAsync();

        await Waiting.UntilAsync(() =>
        {
            Assert.That(async () => await stores.AskAsync(_key, Held).Soon(), Throws.Exception);
            return _proxy.Connections > ConnectionsOfAClient;
        });
        await Server.ResumeAsync();
        await UntilAnsweredAsync(stores);

        // The one that was tried is gone.
        await Waiting.UntilAsync(async () => await ClientsAsync() == clients);
        Assert.That(Replacements(stores), Is.Zero);
    }

    [Test]
    public async Task MultiplexerOfTheApplicationIsKept()
    {
        using var own = await ConnectionMultiplexer.ConnectAsync(_proxy.Address);
        await using var stores = RedisStores.Over(own, BeImpatient);
        await ConnectAsync(stores);
        _proxy.Hold();

        // For 20 seconds: one of its own, the store would have closed.
        for (var asked = 0; asked < 10; asked++)
            Assert.That(async () => await stores.AskAsync(_key, Held).Soon(), Throws.Exception);

        Assert.That(own.IsConnected);
        Assert.That(Replacements(stores), Is.Zero);
    }

    private static void BeImpatient(RedisStoreOptions options) => options.OperationTimeout = TimeSpan.FromSeconds(2);

    private static int Replacements(RedisStores stores) => stores.Logs.Lines.Count(line => line.Id.Id == Replaced);

    private async Task ConnectAsync(RedisStores stores)
    {
        await stores.AcquireAsync(_key, Held);
        await Waiting.UntilAsync(() => _proxy.Connections == ConnectionsOfAClient);
    }

    /// <returns>The keys of the claims that were not answered.</returns>
    private async Task<List<string>> UntilAnsweredAsync(RedisStores stores)
    {
        List<string> unanswered = [];
        await Waiting.UntilAsync(async () =>
        {
            var key = $"{_key}:{unanswered.Count}";
            try
            {
                await stores.AskAsync(key, Held);
                return true;
            }
            catch (Exception)
            {
                unanswered.Add(key);
                return false;
            }
        });
        return unanswered;
    }

    private async Task<int> ClientsAsync() => ((string)(await Server.ExecuteAsync("CLIENT", "LIST"))!).Count(letter => letter == '\n');
}
