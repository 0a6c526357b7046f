using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>
/// Connections that carry nothing any more, or cannot be made for a while. The client notices and connects again by itself, with the
/// settings that the store puts in its copy of the configuration: with the client's own, each of these takes longer than it may here.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RedisRecoveryTests : OwnRedisTests
{
    // One for calls, one for messages.
    private const int ConnectionsOfAClient = 2;

    // Measured: 6 seconds, and 21 with the settings of the client.
    private static readonly TimeSpan OfABlackHole = TimeSpan.FromSeconds(14);

    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromMinutes(10) };

    private readonly string _key = RedisStores.NewKey();
    private LateProxy _proxy = null!;

    [SetUp]
    public void StartProxy() => _proxy = new(Server.Port);

    [TearDown]
    public async Task StopProxyAsync() => await _proxy.DisposeAsync();

    [Test]
    public async Task ConnectionThatCarriesNothingIsGivenUpAndMadeAgain()
    {
        await using var stores = await ConnectAsync();
        var held = await stores.AcquireAsync(_key, Held);
        _proxy.Hold();

        var unanswered = await UntilAnsweredAsync(stores).WaitAsync(OfABlackHole);

        Assert.That(await RedisStores.CompleteAsync(held, "record"), Is.EqualTo(CompletionOutcome.Stored));
        // What still comes over the old connection is given up.
        await _proxy.DeliverAsync();
        foreach (var key in unanswered)
            await RedisStores.UntilAsync(Server, 0L, "EXISTS", key);
    }

    [Test]
    public async Task ConnectionsThatAreMadeAndHeldAreFoundAgain()
    {
        await using var stores = await ConnectAsync();
        _proxy.Hold(alsoNew: true);
        _proxy.Cut();
        // Both are made again, in vain; and given up, and made once more.
        await Waiting.UntilAsync(() => _proxy.Connections >= 3 * ConnectionsOfAClient).WaitAsync(OfABlackHole);
        _proxy.Heal();

        await UntilAnsweredAsync(stores).WaitAsync(OfABlackHole / 2);
    }

    [Test]
    public async Task ConnectionsThatWereRefusedAreMadeAgain()
    {
        await using var stores = await ConnectAsync();
        _proxy.Hold();
        _proxy.Cut(refuse: true);
        // Six attempts for each connection, within some 6 seconds; the client's own policy pauses for up to 10 after each.
        await Waiting.UntilAsync(() => _proxy.Refusals >= 6 * ConnectionsOfAClient).WaitAsync(OfABlackHole);
        _proxy.Heal();

        await UntilAnsweredAsync(stores).WaitAsync(TimeSpan.FromSeconds(9));
    }

    [Test]
    public async Task WaiterIsWokenOverTheNewConnection()
    {
        await using var near = RedisStores.Over(Server);
        await using var far = await ConnectAsync();
        var held = await near.AcquireAsync(_key, Held);
        var waiting = WaitAgainAndAgainAsync(far);
        await RedisStores.UntilSomebodyWaitsAsync(Server, _key);
        _proxy.Hold();

        // The server still has the old connection, too.
        await Waiting.UntilAsync(async () => await RedisStores.ListenersAsync(Server, _key) == 2).WaitAsync(OfABlackHole);
        await RedisStores.CompleteAsync(held, "record");

        using var result = await waiting.Soon();
        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Completed));
    }

    /// <summary>Over the network, and with the time for an operation that applications have.</summary>
    private async Task<RedisStores> ConnectAsync()
    {
        var stores = RedisStores.Over(_proxy.Address, options => options.OperationTimeout = TimeSpan.FromSeconds(1));
        await Waiting.UntilAsync(() => IsAnsweredAsync(stores, RedisStores.NewKey()));
        await Waiting.UntilAsync(() => _proxy.Connections >= ConnectionsOfAClient);
        return stores;
    }

    /// <summary>A waiter that asks at a bad moment is refused; its client comes again.</summary>
    private async Task<ClaimResult> WaitAgainAndAgainAsync(RedisStores stores)
    {
        while (true)
        {
            try
            {
                return await stores.WaitAsync(_key, Held);
            }
            catch (Exception)
            {
                await Task.Delay(20);
            }
        }
    }

    /// <returns>The keys of the claims that were not answered.</returns>
    private async Task<List<string>> UntilAnsweredAsync(RedisStores stores)
    {
        List<string> unanswered = [];
        await Waiting.UntilAsync(async () =>
        {
            var key = $"{_key}:{unanswered.Count}";
            var answered = await IsAnsweredAsync(stores, key);
            if (!answered)
                unanswered.Add(key);
            return answered;
        });
        return unanswered;
    }

    private static async Task<bool> IsAnsweredAsync(RedisStores stores, string key)
    {
        try
        {
            await stores.AskAsync(key, Held);
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }
}
