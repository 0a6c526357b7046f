namespace Idempotency.Filters.ProcessTests;

/// <summary>Several processes, and many equal requests to all of them at a time.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class CrowdTests : WorkerTests
{
    private const int Processes = 4;
    private const int RequestsToEachProcess = 8;

    // Nothing fails here, however slow the machine.
    protected override string[] Settings => ["--OperationTimeout", "00:00:20"];

    [TestCase(100)]
    [TestCase(3000, Category = "Long")]
    public async Task EveryKeyRunsOnceAndEveryoneGetsTheSameAnswer(int keys)
    {
        await StartWorkersAsync(Processes);
        var client = new RetryingClient();
        var answers = new string[keys][];

        await Parallel.ForAsync(0, keys, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (number, _) =>
        {
            var path = number % 2 == 0 ? "/work?ms=10" : "/wait?ms=10";
            var requests = Enumerable.Range(0, Processes * RequestsToEachProcess)
                .Select(i => client.GetAnswerAsync(Workers[(number + i) % Processes], path, $"key-{number}"));
            answers[number] = await Task.WhenAll(requests);
        });

        await EndWorkersAsync();
        Assert.That(Runs(), Has.Count.EqualTo(keys));
        Assert.That(Runs().Values, Is.All.EqualTo(1));
        Assert.That(answers.Select(all => all.Distinct().Count()), Is.All.EqualTo(1));
        Assert.That(answers.Select(all => all[0]).Distinct().Count(), Is.EqualTo(keys));
        Assert.That(client.Seen.Keys, Is.SubsetOf(["200", "409 in-flight"]));
    }
}
