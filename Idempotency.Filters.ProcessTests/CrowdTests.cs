namespace Idempotency.Filters.ProcessTests;

/// <summary>Several processes, and many equal requests to all of them at a time.</summary>
internal sealed class CrowdTests : WorkerTests
{
    private const int Processes = 4;
    private const int Keys = 500;
    private const int RequestsToEachProcess = 8;

    // Nothing fails here, however slow the machine.
    protected override string[] Settings => ["--OperationTimeout", "00:00:20"];

    [Test]
    public async Task EveryKeyRunsOnceAndEveryoneGetsTheSameAnswer()
    {
        await StartWorkersAsync(Processes);
        var client = new RetryingClient();
        var answers = new string[Keys][];

        await Parallel.ForAsync(0, Keys, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (number, _) =>
        {
            var path = number % 2 == 0 ? "/work?ms=10" : "/wait?ms=10";
            var requests = Enumerable.Range(0, Processes * RequestsToEachProcess)
                .Select(i => client.GetAnswerAsync(Workers[(number + i) % Processes], path, $"key-{number}"));
            answers[number] = await Task.WhenAll(requests);
        });

        await EndWorkersAsync();
        Assert.That(Runs(), Has.Count.EqualTo(Keys));
        Assert.That(Runs().Values, Is.All.EqualTo(1));
        Assert.That(answers.Select(all => all.Distinct().Count()), Is.All.EqualTo(1));
        Assert.That(answers.Select(all => all[0]).Distinct().Count(), Is.EqualTo(Keys));
        Assert.That(client.Seen.Keys, Is.SubsetOf(["200", "409 in-flight"]));
    }
}
