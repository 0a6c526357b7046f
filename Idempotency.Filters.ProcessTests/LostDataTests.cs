namespace Idempotency.Filters.ProcessTests;

/// <summary>A server that loses what it had acknowledged (case (b) of the promise), and one that has no room for more.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class LostDataTests : WorkerTests
{
    private readonly RetryingClient _client = new();

    protected override string[] Settings => ["--Lease", "00:00:06", "--OperationTimeout", "00:00:05"];

    [SetUp]
    public Task StartWorkersAsync() => StartWorkersAsync(2);

    [Test]
    public async Task LostScriptsAreNotNoticed()
    {
        var load = Load.Start(Workers);

        for (var flush = 0; flush < 10; flush++)
        {
            await load.AnsweredAsync(10);
            await Server.ExecuteAsync("SCRIPT", "FLUSH");
        }

        await load.AnsweredAsync(20);
        await AssertOnceAsync(load, "200", "409 in-flight");
    }

    [Test]
    public async Task LostClaimIsRestoredWithItsRecord()
    {
        const string Path = "/work?ms=500";
        var first = Workers[0].PostAsync(Path, "key");
        await Workers[0].ToldAsync("started key");

        await Server.ExecuteAsync("FLUSHALL");

        var answer = await AnswerAsync(await first);
        Assert.That(await _client.GetAnswerAsync(Workers[1], Path, "key"), Is.EqualTo(answer));
        Assert.That(Runs("key"), Is.EqualTo(1));
        // Restored.
        await Waiting.UntilAsync(() => Workers[0].Logged(11));
    }

    [Test]
    public async Task LostClaimMayRunTwiceAndBothHoldersAreTold()
    {
        const string Path = "/work?ms=4000";
        var first = Workers[0].PostAsync(Path, "key");
        await Workers[0].ToldAsync("started key");

        await Server.ExecuteAsync("FLUSHALL");
        var second = Workers[1].PostAsync(Path, "key");
        await Workers[0].ToldAsync("lease-lost key");

        var answers = new[] { await AnswerAsync(await first), await AnswerAsync(await second) };
        Assert.That(await _client.GetAnswerAsync(Workers[0], Path, "key"), Is.EqualTo(answers[1]));
        Assert.That(answers, Is.Unique);
        Assert.That(Runs("key"), Is.EqualTo(2));
        // The lease was lost, and the action may have run twice.
        await Waiting.UntilAsync(() => Workers[0].Logged(10));
        Assert.That(Workers[1].Logged(10), Is.False);
    }

    [Test]
    public async Task LostRecordRunsAgain()
    {
        var first = await _client.GetAnswerAsync(Workers[0], "/work?ms=0", "key");

        await Server.ExecuteAsync("FLUSHALL");

        var second = await _client.GetAnswerAsync(Workers[1], "/work?ms=0", "key");
        Assert.That(second, Is.Not.EqualTo(first));
        Assert.That(await _client.GetAnswerAsync(Workers[0], "/work?ms=0", "key"), Is.EqualTo(second));
    }

    [Test]
    public async Task FullServerRefusesNewKeysAndHoldsWhatItHas()
    {
        const string Path = "/work?ms=4000";
        var kept = await _client.GetAnswerAsync(Workers[0], "/work?ms=0", "kept");
        var first = Workers[0].PostAsync(Path, "running");
        await Workers[0].ToldAsync("started running");

        await Server.ExecuteAsync("CONFIG", "SET", "maxmemory", "1");
        using var refused = await Workers[1].PostAsync(Path, "refused");
        await refused.IsProblemAsync(503, "store-unavailable");
        Assert.That(refused.Headers.RetryAfter, Is.Not.Null);
        Assert.That(await _client.GetAnswerAsync(Workers[1], "/work?ms=0", "kept"), Is.EqualTo(kept));

        // Its lease has been renewed meanwhile; and it is held until its record has room.
        var answer = await AnswerAsync(await first);
        using var closed = await Workers[1].PostAsync(Path, "running");
        await closed.IsProblemAsync(409, "in-flight");
        await Server.ExecuteAsync("CONFIG", "SET", "maxmemory", "0");

        Assert.That(await _client.GetAnswerAsync(Workers[1], Path, "running"), Is.EqualTo(answer));
        Assert.That(Runs("running"), Is.EqualTo(1));
        Assert.That(Runs("refused"), Is.Zero);
    }
}
