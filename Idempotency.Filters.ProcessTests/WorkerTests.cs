namespace Idempotency.Filters.ProcessTests;

/// <summary>Tests with a server and the processes of an application that share it, all of the test's own.</summary>
[Category("Processes")]
internal abstract class WorkerTests : OwnRedisTests
{
    private readonly List<WorkerProcess> _workers = [];

    protected IReadOnlyList<WorkerProcess> Workers => _workers;

    /// <summary>The settings of every worker.</summary>
    protected virtual string[] Settings => [];

    [TearDown]
    public async Task StopWorkersAsync()
    {
        foreach (var worker in _workers)
            await worker.DisposeAsync();
    }

    /// <summary>Stops it all: every key ran once, everyone got the same answer, and meanwhile nothing but what is expected.</summary>
    protected async Task AssertOnceAsync(Load load, params string[] expected)
    {
        await load.StopAsync();
        await EndWorkersAsync();
        TestContext.Out.WriteLine(string.Join(", ", load.Client.Seen));

        Assert.That(Runs().Values, Is.All.EqualTo(1));
        Assert.That(load.Answers.Values.Select(answers => answers.Distinct().Count()), Is.All.EqualTo(1));
        Assert.That(load.Client.Seen.Keys, Is.SubsetOf(expected));
    }

    /// <summary>The answer of an action, as text that can be compared.</summary>
    protected static async Task<string> AnswerAsync(HttpResponseMessage response)
    {
        Assert.That((int)response.StatusCode, Is.EqualTo(200));
        return Convert.ToHexString(await response.Content.ReadAsByteArrayAsync());
    }

    protected Task<WorkerProcess> StartWorkerAsync(params string[] settings) => StartWorkerAtAsync(Server.Address, settings);

    /// <param name="redis">Where the worker finds the server: perhaps behind a proxy.</param>
    /// <param name="settings">Further settings of this worker.</param>
    protected async Task<WorkerProcess> StartWorkerAtAsync(string redis, params string[] settings)
    {
        var worker = await WorkerProcess.StartAsync(redis, [.. Settings, .. settings]);
        _workers.Add(worker);
        return worker;
    }

    protected async Task StartWorkersAsync(int count)
    {
        for (var i = 0; i < count; i++)
            await StartWorkerAsync();
    }

    /// <summary>After it all is known of what they did.</summary>
    protected async Task EndWorkersAsync()
    {
        foreach (var worker in _workers)
            await worker.KillAsync();
    }

    /// <summary>How often the action of a key has begun, in all processes.</summary>
    protected int Runs(string key) => _workers.Sum(worker => worker.Runs(key));

    /// <summary>How often the action of each key has begun.</summary>
    protected Dictionary<string, int> Runs() => _workers
        .SelectMany(worker => worker.Events)
        .Where(told => told.StartsWith("started ", StringComparison.Ordinal))
        .CountBy(told => told["started ".Length..])
        .ToDictionary();
}
