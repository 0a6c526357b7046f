using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>What each operation costs: one script, and in it the commands that are named here and no others.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RedisCommandTests : OwnRedisTests
{
    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromMinutes(1) };

    // What the client sends to keep its connections.
    private static readonly string[] OfTheClient =
        ["ping", "info", "config", "client", "echo", "cluster", "hello", "subscribe", "unsubscribe"];

    private readonly string _key = RedisStores.NewKey();
    private RedisStores _stores = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _stores = RedisStores.Over(Server);

        // From here on the server knows the scripts, as it does for all requests but the first.
        var other = RedisStores.NewKey();
        await RedisStores.CompleteAsync(await _stores.AcquireAsync(other, Held), "record");
        await (await _stores.AcquireAsync(other + "2", Held)).DisposeAsync();
    }

    [TearDown]
    public async Task CloseStoresAsync() => await _stores.DisposeAsync();

    [Test]
    public async Task Claim() =>
        Assert.That(await CountAsync(() => _stores.AskAsync(_key, Held)), Is.EqualTo("evalsha get set time"));

    [Test]
    public async Task InFlight()
    {
        await _stores.AcquireAsync(_key, Held);

        Assert.That(await CountAsync(() => _stores.AskAsync(_key, Held)), Is.EqualTo("evalsha get pttl time"));
    }

    [Test]
    public async Task Completion()
    {
        var claim = await _stores.AcquireAsync(_key, Held);

        Assert.That(await CountAsync(() => RedisStores.CompleteAsync(claim, "record")), Is.EqualTo("evalsha getrange set"));
    }

    [Test]
    public async Task Replay()
    {
        await RedisStores.CompleteAsync(await _stores.AcquireAsync(_key, Held), "record");

        Assert.That(await CountAsync(() => _stores.AskAsync(_key, Held)), Is.EqualTo("evalsha get pttl time"));
    }

    [Test]
    public async Task Release()
    {
        var claim = await _stores.AcquireAsync(_key, Held);

        Assert.That(await CountAsync(() => claim.DisposeAsync().AsTask()), Is.EqualTo("del evalsha getrange"));
    }

    [Test]
    public async Task ReleaseOfAClaimOverARecordWritesNothing()
    {
        await RedisStores.CompleteAsync(await _stores.AcquireAsync(_key, Held), "record");
        var claim = await _stores.AcquireAsync(_key, Held with { OverCompleted = true });

        Assert.That(await CountAsync(() => claim.DisposeAsync().AsTask()), Is.EqualTo("evalsha getrange pexpire"));
    }

    [Test]
    public async Task RenewalWritesNothing()
    {
        await _stores.AcquireAsync(_key, Held with { Lease = TimeSpan.FromSeconds(6) });
        // The first one teaches the server the script.
        await UntilRenewedAsync();
        await Server.ExecuteAsync("CONFIG", "RESETSTAT");

        await UntilRenewedAsync();

        Assert.That((await CommandsAsync()).Keys, Is.EquivalentTo(["evalsha", "getrange", "pexpire"]));
    }

    private Task UntilRenewedAsync() => Waiting.UntilAsync(async () => (await CommandsAsync()).ContainsKey("pexpire"));

    private async Task<string> CountAsync(Func<Task> operation)
    {
        await Server.ExecuteAsync("CONFIG", "RESETSTAT");
        await operation();
        var commands = await CommandsAsync();
        return string.Join(' ', commands.Select(command => command.Value == 1 ? command.Key : $"{command.Key}*{command.Value}"));
    }

    private async Task<SortedDictionary<string, long>> CommandsAsync() =>
        new((await Server.CommandStatsAsync())
            .Where(command => !OfTheClient.Contains(command.Key.Split('|')[0])).ToDictionary(), StringComparer.Ordinal);
}
