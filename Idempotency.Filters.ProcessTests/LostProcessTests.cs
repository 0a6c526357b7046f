using System.Diagnostics;

namespace Idempotency.Filters.ProcessTests;

/// <summary>A process that vanishes in the middle of an action, or is stopped for longer than its lease.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class LostProcessTests : WorkerTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(6);

    private readonly RetryingClient _client = new();

    protected override string[] Settings => ["--Lease", Lease.ToString(), "--OperationTimeout", "00:00:05"];

    [Test]
    public async Task KilledProcessClosesItsKeyUntilTheLeaseEndsAndThenItRunsOnce()
    {
        const string Path = "/work?ms=1000";
        await StartWorkersAsync(3);
        var since = Stopwatch.GetTimestamp();
        await KillWhileItRunsAsync(Workers[0], Path);

        using var closed = await Workers[1].PostAsync(Path, "key");
        await closed.IsProblemAsync(409, "in-flight");
        var retries = Task.WhenAll(Enumerable.Range(0, 8).Select(i => _client.GetAnswerAsync(Workers[1 + i % 2], Path, "key")));
        await Waiting.UntilAsync(() => Runs("key") == 2);
        Assert.That(Stopwatch.GetElapsedTime(since), Is.GreaterThanOrEqualTo(Lease));

        Assert.That((await retries).Distinct().Count(), Is.EqualTo(1));
        Assert.That(_client.Seen.Keys, Is.EquivalentTo(["200", "409 in-flight"]));
        await EndWorkersAsync();
        Assert.That(Runs("key"), Is.EqualTo(2));
    }

    [Test]
    public async Task WaitersTakeAKilledProcessesKeyOver()
    {
        const string Path = "/wait?ms=200";
        await StartWorkersAsync(3);
        await KillWhileItRunsAsync(Workers[0], Path);

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => _client.GetAnswerAsync(Workers[1 + i % 2], Path, "key")));

        Assert.That(answers.Distinct().Count(), Is.EqualTo(1));
        Assert.That(_client.Seen.Keys, Is.EqualTo(["200"]));
        await EndWorkersAsync();
        Assert.That(Runs("key"), Is.EqualTo(2));
    }

    [Test]
    public async Task RefusedKeyOfAKilledProcessIsNeverRunAgain()
    {
        const string Path = "/work?ms=1000";
        await StartWorkerAsync("--WhenInterrupted", "Block");
        await StartWorkerAsync("--WhenInterrupted", "Block");
        await KillWhileItRunsAsync(Workers[0], Path);

        using var closed = await Workers[1].PostAsync(Path, "key");
        await closed.IsProblemAsync(409, "in-flight");
        await Waiting.UntilAsync(async () =>
        {
            using var answer = await Workers[1].PostAsync(Path, "key");
            return (await answer.TextAsync()).Contains("outcome-unknown", StringComparison.Ordinal);
        });

        // Time to be wrong, longer than another lease.
        for (var retry = 0; retry < 3; retry++)
        {
            await Task.Delay(Lease / 2);
            using var refused = await Workers[1].PostAsync(Path, "key");
            await refused.IsProblemAsync(409, "outcome-unknown");
        }

        Assert.That(Workers[1].Runs("key"), Is.Zero);
    }

    [Test]
    public async Task ProcessThatWasStoppedBeyondItsLeaseCannotOverwrite()
    {
        const string Path = "/work?ms=8000";
        await StartWorkersAsync(2);
        var zombies = Workers[0].PostAsync(Path, "key");
        await Workers[0].ToldAsync("started key");
        await Workers[0].PauseAsync();
        var next = _client.GetAnswerAsync(Workers[1], Path, "key");
        await Workers[1].ToldAsync("started key");

        await Workers[0].ResumeAsync();
        await Workers[0].ToldAsync("finished key");

        var answer = await next;
        Assert.That(await AnswerAsync(await zombies), Is.Not.EqualTo(answer));
        Assert.That(await _client.GetAnswerAsync(Workers[0], Path, "key"), Is.EqualTo(answer));
        Assert.That(Workers[0].Events, Is.EqualTo(["started key", "lease-lost key", "finished key"]));
        Assert.That(Workers[1].Events, Is.EqualTo(["started key", "finished key"]));
        Assert.That(Workers[0].Logged(10), Is.True);
    }

    [Test]
    public async Task ProcessThatWasStoppedBeyondItsLeaseCannotRelease()
    {
        await StartWorkersAsync(3);
        var zombies = Workers[0].PostAsync("/fail?ms=10000", "key");
        await Workers[0].ToldAsync("started key");
        await Workers[0].PauseAsync();
        var next = TakeOverAsync(Workers[1], "/fail?ms=60000");
        await Workers[1].ToldAsync("started key");

        await Workers[0].ResumeAsync();
        using var failed = await zombies;
        using var closed = await Workers[2].PostAsync("/fail?ms=10000", "key");

        Assert.That((int)failed.StatusCode, Is.EqualTo(500));
        await closed.IsProblemAsync(409, "in-flight");
        Assert.That(next.IsCompleted, Is.False);
        Assert.That(Workers[0].Events, Is.EqualTo(["started key", "lease-lost key", "finished key"]));
        await Workers[1].KillAsync();
        Assert.ThrowsAsync<HttpRequestException>(() => next);
    }

    private static async Task KillWhileItRunsAsync(WorkerProcess worker, string path)
    {
        var lost = worker.PostAsync(path, "key");
        await worker.ToldAsync("started key");
        await worker.KillAsync();
        Assert.ThrowsAsync<HttpRequestException>(() => lost);
    }

    /// <summary>Asks until the key is free, and its action fails there, too.</summary>
    private static async Task TakeOverAsync(WorkerProcess worker, string path)
    {
        while (worker.Runs("key") == 0)
        {
            using var response = await worker.PostAsync(path, "key");
            await Task.Delay(50);
        }
    }
}
