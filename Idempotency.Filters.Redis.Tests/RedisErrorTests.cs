using Idempotency.Filters.Stores;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>
/// What servers answer instead, word for word as Redis 6.2, Redis 7.0 and Valkey 8.0 say it. 6.2 wraps the errors of the commands in a
/// script.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal sealed class RedisErrorTests
{
    private const string Wrapping =
        "ERR Error running script (call to f_353dcf7e0d7e2964dae23f56b3e594460801165d): @user_script:94: @user_script: 94: -";

    private const string Place = " script: 353dcf7e0d7e2964dae23f56b3e594460801165d, on @user_script:94.";

    private const string Misconfigured =
        "MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk. Commands that may modify "
        + "the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails "
        + "(stop-writes-on-bgsave-error option). "
        + "Please check the Redis logs for details about the RDB error.";

    private static readonly string[] Passing =
    [
        Wrapping + "NOREPLICAS Not enough good replicas to write.",
        Wrapping + "READONLY You can't write against a read only replica.",
        Wrapping + Misconfigured,
        Wrapping + "MISCONF Errors writing to the AOF file: No space left on device",
        "NOREPLICAS Not enough good replicas to write." + Place,
        "READONLY You can't write against a read only replica." + Place,
        Misconfigured + Place,
        "NOSCRIPT No matching script. Please use EVAL.",
        "NOSCRIPT No matching script.",
        "LOADING Redis is loading the dataset in memory",
        "LOADING Valkey is loading the dataset in memory",
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
        "BUSY Valkey is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
        "CLUSTERDOWN The cluster is down",
        "TRYAGAIN Multiple keys request during rehashing of slot",
    ];

    private static readonly string[] Full =
    [
        Wrapping + "OOM command not allowed when used memory > 'maxmemory'.",
        "OOM command not allowed when used memory > 'maxmemory'." + Place,
    ];

    // None of the words above in them is a code.
    private static readonly string[] Lasting =
    [
        "NOPERM this user has no permissions to run the 'evalsha' command",
        "ERR Error running script (call to f_353dcf7e0d7e2964dae23f56b3e594460801165d): @user_script:1: user_script:1: READONLY OOM",
        "ERR user_script:1: The key holds no value of this version: -READONLY OOM" + Place,
    ];

    private static readonly string[] Unreadable =
    [
        "WRONGTYPE Operation against a key holding the wrong kind of value" + Place,
        Wrapping + "WRONGTYPE Operation against a key holding the wrong kind of value",
        "ERR user_script:1: The key holds no value of this version of Idempotency.Filters." + Place,
    ];

    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromMinutes(1) };

    private readonly string _key = RedisStores.NewKey();
    private ErrorProxy _proxy = null!;
    private RedisStores _stores = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _proxy = new((await SharedRedis.ServerAsync()).Port);
        _stores = RedisStores.Over(_proxy.Address);
        // Connected, and the server knows the script.
        await _stores.AskAsync(_key + "2", Held);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _stores.DisposeAsync();
        await _proxy.DisposeAsync();
    }

    [TestCaseSource(nameof(Passing))]
    public async Task WhatMayPassIsTriedAgain(string error)
    {
        _proxy.Answer(error);
        _proxy.Answer(error);

        Assert.That(await _stores.AskAsync(_key, Held), Is.EqualTo("Acquired"));
    }

    [TestCaseSource(nameof(Full))]
    public void FullServerIsTold(string error)
    {
        _proxy.Answer(error);

        Assert.That(async () => await _stores.AskAsync(_key, Held), Throws.TypeOf<IdempotencyStoreFullException>());
    }

    [TestCaseSource(nameof(Lasting))]
    public void WhatLastsIsToldAtOnceAndNeedsNoRelease(string error)
    {
        for (var i = 0; i < 2; i++)
            _proxy.Answer(error);

        for (var i = 0; i < 2; i++)
            Assert.That(async () => await _stores.AskAsync(_key, Held), Throws.TypeOf<RedisServerException>().With.Message.EqualTo(error));
    }

    [TestCaseSource(nameof(Unreadable))]
    public void KeyThatCannotBeReadIsTold(string error)
    {
        _proxy.Answer(error);

        Assert.That(async () => await _stores.AskAsync(_key, Held), Throws.TypeOf<InvalidDataException>());
    }

    /// <summary>Refused is what the server has not done; of what it did not answer nobody knows.</summary>
    [Test]
    public async Task RefusalAfterALostReplyIsNoRefusal()
    {
        await using var server = await RedisServer.StartAsync();
        var chaos = new Chaos();
        await using var proxy = new ChaosProxy(server.Port, chaos);
        await using var stores = RedisStores.Over(proxy.Address);
        await stores.AskAsync(_key + "2", Held);
        await server.ExecuteAsync("CONFIG", "SET", "maxmemory", "1");
        chaos.Once("claim", Fault.LosesReply);

        Assert.That(
            async () => await stores.AskAsync(_key, Held),
            Throws.TypeOf<TimeoutException>().With.InnerException.TypeOf<RedisServerException>().And.Message.Contains("OOM"));
    }

    [TestCase("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0")]
    [TestCase("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE")]
    public async Task ServerThatMayNotWriteForAWhileIsWaitedFor(string begin, string end)
    {
        await using var server = await RedisServer.StartAsync();
        await using var stores = RedisStores.Over(server);
        // Claimed beforehand, and with each script known to the server.
        await (await stores.AcquireAsync(_key, Held)).DisposeAsync();
        var completed = await stores.AcquireAsync(_key + "completed", Held);
        var released = await stores.AcquireAsync(_key + "released", Held);
        await server.ExecuteAsync(begin.Split(' '));
        await server.ExecuteAsync("CONFIG", "RESETSTAT");

        var claiming = stores.AskAsync(_key, Held);
        var completing = RedisStores.CompleteAsync(completed, "record");
        var releasing = released.DisposeAsync().AsTask();
        await Waiting.UntilAsync(async () => (await server.CommandStatsAsync()).GetValueOrDefault("evalsha") >= 6);
        Assert.That(claiming.IsCompleted || completing.IsCompleted || releasing.IsCompleted, Is.False);
        await server.ExecuteAsync(end.Split(' '));

        Assert.That(await claiming.Soon(), Is.EqualTo("Acquired"));
        Assert.That(await completing.Soon(), Is.EqualTo(CompletionOutcome.Stored));
        await releasing.Soon();
        Assert.That(await server.ExecuteAsync("EXISTS", _key + "released"), Is.Zero);
        Assert.That(stores.Logs.Lines.Select(line => line.Id.Id), Does.Not.Contain(66));
    }
}
