using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>What operators do with keys in Redis, beyond the contract.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal sealed class RedisAdministrationTests
{
    // Longer than the tests.
    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromMinutes(5) };

    private static readonly ClaimOptions Refused = new()
    {
        Lease = TimeSpan.FromSeconds(1), RenewFor = TimeSpan.Zero, WhenInterrupted = InterruptedBehavior.Block,
    };

    private static readonly string[] Foreign =
    [
        "foreign", "Record of nobody", "Claim of nobody, as long as a record",
        "D a value of a version to come, long enough for the head of a claim",
    ];

    private readonly string _key = RedisStores.NewKey();
    private RedisStores _stores = null!;

    [SetUp]
    public async Task StartAsync() => _stores = RedisStores.Over(await SharedRedis.ServerAsync());

    [TearDown]
    public async Task StopAsync() => await _stores.DisposeAsync();

    [Test]
    public async Task InterruptedKeyIsFoundAndResolvedOnce()
    {
        await _stores.AcquireAsync(_key, Refused);
        await Task.Delay(Refused.Lease * 1.25);

        var found = await _stores.Administration.FindAsync(_key, CancellationToken.None);
        Assert.That(found!.State, Is.EqualTo(ClaimOutcome.Interrupted));
        Assert.That(await ResolveAsync(found, "resolved"), Is.True);
        Assert.That(await ResolveAsync(found, null), Is.False);

        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("resolved"));
    }

    [Test]
    public async Task KeyInFlightIsNotResolved()
    {
        var claim = await _stores.AcquireAsync(_key, Held);
        var found = await _stores.Administration.FindAsync(_key, CancellationToken.None);
        Assert.That(found!.State, Is.EqualTo(ClaimOutcome.InFlight));

        Assert.That(await ResolveAsync(found, null), Is.False);

        Assert.That(await RedisStores.CompleteAsync(claim, "its own"), Is.EqualTo(CompletionOutcome.Stored));
    }

    [Test]
    public async Task RecordIsFoundAndFreed()
    {
        await RedisStores.CompleteAsync(await _stores.AcquireAsync(_key, Held), "record");

        var found = await _stores.Administration.FindAsync(_key, CancellationToken.None);
        Assert.That(Encoding.UTF8.GetString(found!.Record.Span), Is.EqualTo("record"));
        Assert.That(await ResolveAsync(found, null), Is.True);

        Assert.That(await _stores.Administration.FindAsync(_key, CancellationToken.None), Is.Null);
    }

    [Test]
    public async Task ValueThatIsNotUnderstoodIsFoundUnreadableAndResolved([ValueSource(nameof(Foreign))] string value, [Values] bool frees)
    {
        await SetAsync(value);
        var found = await _stores.Administration.FindAsync(_key, CancellationToken.None);
        Assert.That(found!.State, Is.EqualTo(ClaimOutcome.Completed));
        Assert.That(found.Record.IsEmpty, Is.True);

        await SetAsync(value + " changed");
        Assert.That(await ResolveAsync(found, null), Is.False);
        await SetAsync(value);
        Assert.That(await ResolveAsync(found, frees ? null : "resolved"), Is.True);

        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo(frees ? "Acquired" : "resolved"));
    }

    [Test]
    public async Task ValueOfAnotherTypeIsRefusedFoundUnreadableAndResolved([Values] bool frees)
    {
        await (await SharedRedis.ServerAsync()).ExecuteAsync("LPUSH", _key, "foreign");
        Assert.That(async () => await _stores.AskAsync(_key, Held), Throws.TypeOf<InvalidDataException>());

        var found = await _stores.Administration.FindAsync(_key, CancellationToken.None);
        Assert.That(found!.State, Is.EqualTo(ClaimOutcome.Completed));
        Assert.That(found.Record.IsEmpty, Is.True);
        Assert.That(await ResolveAsync(found, frees ? null : "resolved"), Is.True);

        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo(frees ? "Acquired" : "resolved"));
    }

    [Test]
    public async Task ValueThatIsNotUnderstoodIsForgotten([ValueSource(nameof(Foreign))] string value)
    {
        await SetAsync(value);
        await RedisStores.CompleteAsync(await _stores.AcquireAsync(_key + "2", Held), "record");

        Assert.That(await _stores.Administration.ForgetAsync(_key, CancellationToken.None), Is.EqualTo(2));

        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("Acquired"));
    }

    [TestCase("*")]
    [TestCase("?")]
    [TestCase("[a-z]")]
    [TestCase("\\")]
    [TestCase("^")]
    public async Task ScopeIsTakenAsItIsWritten(string special)
    {
        var scope = $"{_key}{special}:";
        string[] others = [$"{_key}x:1", $"{_key}{special}", $"{_key}xx:1"];
        foreach (var key in others.Append(scope + "1").Append(scope + "2"))
            await RedisStores.CompleteAsync(await _stores.AcquireAsync(key, Held), "record");

        Assert.That(await _stores.Administration.ForgetAsync(scope, CancellationToken.None), Is.EqualTo(2));

        foreach (var key in others)
            Assert.That(await _stores.AskAsync(key, Held), Is.EqualTo("record"));
    }

    [Test]
    public async Task ManyKeysAreForgottenAndThoseInFlightStay()
    {
        var held = await _stores.AcquireAsync(_key + ":held", Held);
        await Task.WhenAll(Enumerable.Range(0, 2_500).Select(async number =>
            await RedisStores.CompleteAsync(await _stores.AcquireAsync($"{_key}:{number}", Held), "record")));

        Assert.That(await _stores.Administration.ForgetAsync(_key + ":", CancellationToken.None), Is.EqualTo(2_500));

        Assert.That(await _stores.AskAsync(_key + ":1", Held), Is.EqualTo("Acquired"));
        Assert.That(await RedisStores.CompleteAsync(held, "its own"), Is.EqualTo(CompletionOutcome.Stored));
    }

    [Test]
    public async Task ValueThatIsNotUnderstoodIsListedAsARecordThatNobodyCanRead([ValueSource(nameof(Foreign))] string value)
    {
        await SetAsync(value);

        var entry = await _stores.Administration.FindListedAsync((await ListAsync()).Single().Handle, CancellationToken.None);

        Assert.That((entry!.Content.State, entry.Content.Record.IsEmpty), Is.EqualTo((ClaimOutcome.Completed, true)));
        Assert.That((entry.Age, entry.ExpiresIn), Is.EqualTo(((TimeSpan?)null, (TimeSpan?)null)));
        Assert.That(
            await _stores.Administration.ResolveListedAsync(entry, null, null, CancellationToken.None), Is.True);
        Assert.That(await ListAsync(), Is.Empty);
    }

    [Test]
    public async Task ListingReadsOnlyTheBeginningsOfRecords()
    {
        await RedisStores.CompleteAsync(await _stores.AcquireAsync(_key, Held), new string('x', 1_000_000));

        var beginning = (await ListAsync(recordLength: 21)).Single().Content.Record;
        var whole = (await ListAsync()).Single().Content.Record;

        Assert.That((beginning.Length, whole.Length), Is.EqualTo((21, 1_000_000)));
    }

    [Test]
    public async Task ListingThatEndsEarlyReadsNoFurtherPage()
    {
        await using var server = await RedisServer.StartAsync();
        await using var stores = RedisStores.Over(server);
        using var connection = await server.ConnectAsync();
        await connection.ExecuteAsync("EVAL", "for i = 1, 20000 do redis.call('SET', 'many:' .. i, 'foreign') end return 1", "0");
        await connection.ExecuteAsync("CONFIG", "RESETSTAT");

        await using (var keys = stores.Administration.ListAsync(
            new() { Prefix = "many:", States = [ClaimOutcome.Completed] }, CancellationToken.None).GetAsyncEnumerator())
        {
            Assert.That(await keys.MoveNextAsync(), Is.True);
        }

        var calls = (string)(await connection.ExecuteAsync("INFO", "commandstats"))!;
        var scans = int.Parse(Regex.Match(calls, "cmdstat_scan:calls=([0-9]+)").Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        // The client asks for the next page while the first is read.
        Assert.That(scans, Is.InRange(1, 3));
    }

    private async Task<List<StoredEntry>> ListAsync(int? recordLength = null) => await _stores.Administration.ListAsync(
        new()
        {
            Prefix = _key,
            States = [ClaimOutcome.InFlight, ClaimOutcome.Completed, ClaimOutcome.Interrupted],
            RecordLength = recordLength,
        },
        CancellationToken.None).ToListAsync();

    private async Task SetAsync(string value) => await (await SharedRedis.ServerAsync()).ExecuteAsync("SET", _key, value);

    private ValueTask<bool> ResolveAsync(StoredKey found, string? record) => _stores.Administration.ResolveAsync(
        _key, found, record is null ? null : new(Encoding.UTF8.GetBytes(record)), TimeSpan.FromMinutes(1), CancellationToken.None);
}
