using System.Buffers.Binary;
using System.Text;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>What another hand wrote under the prefix closes its own key, and breaks nothing else.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal sealed class RedisDamageTests
{
    private const long Huge = long.MaxValue;
    private const long Exact = 1L << 53;

    // Longer than the tests.
    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromMinutes(5) };

    private static readonly Dictionary<string, string> Damaged = new()
    {
        ["nothing"] = "",
        ["a tag alone"] = "R",
        ["a record of a huge number"] = Record(Huge),
        ["a record of a number that doubles do not hold"] = Record(Exact + 2),
        ["a record of a negative number"] = Record(-1),
        ["a record of the least number"] = Record(long.MinValue),
        ["a claim of a huge number"] = Claim(fencing: Huge),
        ["a claim of a negative number"] = Claim(fencing: -1),
        ["a claim of a huge lease"] = Claim(lease: Huge),
        ["a claim of a negative lease"] = Claim(lease: -1),
        ["a claim of a huge tail"] = Claim(tail: Huge),
        ["a claim of a negative tail"] = Claim(tail: long.MinValue),
        ["a claim of a huge end"] = Claim(last: Huge),
        ["a claim of a negative end"] = Claim(last: -1),
        ["a claim over a record of a huge expiry"] = Claim(expiry: Huge, inner: Record(1)),
        ["a claim with flags to come"] = Claim(flags: 4),
        ["a claim over text"] = Claim(inner: "text"),
        ["a claim over what looks like an answer"] = Claim(inner: "A" + new string('x', 40)),
        ["a claim over a claim"] = Claim(inner: Claim()),
        ["a claim over a record of a huge number"] = Claim(inner: Record(Huge)),
        ["a claim cut short"] = Claim()[..57],
        ["a long text"] = new string('C', 5_000_000),
    };

    private static readonly string[] Names = [.. Damaged.Keys];
    private static readonly string[] Types = ["LPUSH", "SADD"];

    private readonly string _key = RedisStores.NewKey();
    private RedisServer _server = null!;
    private RedisStores _stores = null!;

    private IIdempotencyStoreAdministration Administration => _stores.Administration;

    [SetUp]
    public async Task StartAsync()
    {
        _server = await SharedRedis.ServerAsync();
        _stores = RedisStores.Over(_server);
    }

    [TearDown]
    public async Task StopAsync() => await _stores.DisposeAsync();

    [Test]
    public async Task DamagedValueIsUnreadableToRequestsAndToOperators([ValueSource(nameof(Names))] string name, [Values] bool withoutEnd)
    {
        await SetAsync(_key, Damaged[name], withoutEnd);

        await AssertIsUnreadableAsync();
    }

    [Test]
    public async Task ValueOfAnotherTypeIsUnreadableToRequestsAndToOperators([ValueSource(nameof(Types))] string command)
    {
        await _server.ExecuteAsync(command, _key, "foreign");

        await AssertIsUnreadableAsync();
    }

    [Test]
    public async Task HashIsUnreadableToRequestsAndToOperators()
    {
        await _server.ExecuteAsync("HSET", _key, "field", "foreign");

        await AssertIsUnreadableAsync();
    }

    [Test]
    public async Task DamagedValueIsResolved([ValueSource(nameof(Names))] string name, [Values] bool frees)
    {
        await SetAsync(_key, Damaged[name], withoutEnd: false);
        var found = await Administration.FindAsync(_key, default);

        Assert.That(
            await Administration.ResolveAsync(
                _key, found!, frees ? null : new("resolved"u8.ToArray()), TimeSpan.FromMinutes(1), default),
            Is.True);

        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo(frees ? "Acquired" : "resolved"));
    }

    [Test]
    public async Task DamagedValuesEndNeitherAListingNorAForgetting()
    {
        foreach (var name in Names)
            await SetAsync($"{_key}:{name}", Damaged[name], withoutEnd: name.Length % 2 == 0);
        await _server.ExecuteAsync("LPUSH", _key + ":list", "foreign");
        await RedisStores.CompleteAsync(await _stores.AcquireAsync(_key + ":good", Held), "record");

        var listed = await Administration.ListAsync(
            new() { Prefix = _key, States = [ClaimOutcome.Completed, ClaimOutcome.InFlight, ClaimOutcome.Interrupted] }, default)
            .ToListAsync();

        Assert.That(listed, Has.Count.EqualTo(Names.Length + 2));
        Assert.That(listed.Count(entry => !entry.Content.Record.IsEmpty), Is.EqualTo(1));
        Assert.That(await Administration.ForgetAsync(_key, default), Is.EqualTo(Names.Length + 2));
    }

    /// <summary>The token of a claim that a planted number precedes is no smaller, and its key works.</summary>
    [TestCase(Exact)]
    [TestCase(Exact - 1)]
    [TestCase(0)]
    public async Task FencingNumberThatWasPlantedDoesNotOverflow(long planted)
    {
        await SetAsync(_key, Claim(fencing: planted, lease: 1, tail: 60_000), withoutEnd: false);

        var claim = await _stores.AcquireAsync(_key, Held);
        Assert.That(claim.FencingToken, Is.GreaterThanOrEqualTo(planted).And.GreaterThan(0).And.LessThanOrEqualTo(Exact));
        await RedisStores.CompleteAsync(claim, "record");
        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("record"));

        await using var over = await _stores.AcquireAsync(_key, Held with { OverCompleted = true });
        Assert.That(over.FencingToken, Is.GreaterThanOrEqualTo(claim.FencingToken).And.LessThanOrEqualTo(Exact));
    }

    /// <summary>Another hand has set the life of a key as long as a server allows.</summary>
    [Test]
    public async Task EndlessLifeOverflowsNothing([Values] bool isRecord)
    {
        await _server.ExecuteAsync("SET", _key, isRecord ? Record(7) : Claim(lease: 60_000, tail: 60_000));
        await _server.ExecuteAsync("PEXPIRE", _key, "9000000000000000000");

        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo(isRecord ? "bytes" : "InFlight"));
        var entry = await Administration.FindListedAsync(_key, default);
        Assert.That(entry!.ExpiresIn, Is.Null);
        if (isRecord)
        {
            await using (await _stores.AcquireAsync(_key, Held with { OverCompleted = true }))
            {
            }

            Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("bytes"));
        }
        else
        {
            using var leaving = new CancellationTokenSource();
            var waiting = _stores.WaitAsync(_key, Held, leaving.Token);
            await RedisStores.UntilAsync(_server, 1L, "BITCOUNT", _key, "25", "25");
            await leaving.CancelAsync();
            Assert.That(async () => await waiting, Throws.InstanceOf<OperationCanceledException>());
        }
    }

    private async Task AssertIsUnreadableAsync()
    {
        Assert.That(async () => await _stores.AskAsync(_key, Held), Throws.TypeOf<InvalidDataException>());
        Assert.That(
            async () => await _stores.AskAsync(_key, Held with { OverCompleted = true }), Throws.TypeOf<InvalidDataException>());

        var found = await Administration.FindAsync(_key, default);
        Assert.That((found!.State, found.Record.IsEmpty), Is.EqualTo((ClaimOutcome.Completed, true)));
        Assert.That(await Administration.ForgetAsync(_key, default), Is.EqualTo(1));
        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("Acquired"));
    }

    private async Task SetAsync(string key, string value, bool withoutEnd)
    {
        string[] command = ["SET", key, value];
        await _server.ExecuteAsync(withoutEnd ? command : [.. command, "PX", "60000"]);
    }

    private static string Record(long fencing) => "R" + Token + Number(fencing) + "bytes";

    private static string Claim(
        long fencing = 7, int flags = 0, long lease = 1, long tail = 60_000, long last = 0, long expiry = 0, string inner = "") =>
        "C" + Token + Number(fencing) + (char)flags + Number(lease) + Number(tail) + Number(last) + Number(expiry) + inner;

    private static string Token => new('t', 16);

    /// <summary>As the connection of the tests writes it: a character is a byte.</summary>
    private static string Number(long number)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        return Encoding.Latin1.GetString(bytes);
    }
}
