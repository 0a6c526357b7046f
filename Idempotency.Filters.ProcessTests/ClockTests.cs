namespace Idempotency.Filters.ProcessTests;

/// <summary>Processes whose clocks differ by minutes: the server's clock alone decides.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ClockTests : WorkerTests
{
    private static readonly string[] Shifts = ["00:00:00", "00:05:00", "-00:05:00"];

    protected override string[] Settings => ["--Lease", "00:00:06", "--OperationTimeout", "00:00:05"];

    [Test]
    public async Task ShiftedClocksNeitherTakeOverNorHoldOn([Range(0, 2)] int holder)
    {
        foreach (var shift in Shifts)
            await StartWorkerAsync($"--ClockShift={shift}");
        var others = Workers.Where((_, number) => number != holder).ToArray();

        // Longer than its lease; nobody takes it over.
        Assert.That(await AskAllAsync("/work?ms=5000", "long", others, Workers[holder].PostAsync), Has.Length.EqualTo(1));
        Assert.That(Runs("long"), Is.EqualTo(1));

        // Gone; one of the others takes it over.
        Assert.That(await AskAllAsync("/work?ms=500", "lost", others, LoseAsync), Has.Length.EqualTo(1));
        await EndWorkersAsync();
        Assert.That(Runs("lost"), Is.EqualTo(2));

        async Task<HttpResponseMessage> LoseAsync(string path, string key)
        {
            var response = Workers[holder].PostAsync(path, key);
            await Workers[holder].ToldAsync("started " + key);
            await Workers[holder].KillAsync();
            return await response;
        }
    }

    /// <returns>The answers that differ.</returns>
    private async Task<string[]> AskAllAsync(
        string path, string key, WorkerProcess[] others, Func<string, string, Task<HttpResponseMessage>> first)
    {
        var client = new RetryingClient();
        var holding = first(path, key);
        await Waiting.UntilAsync(() => Runs(key) == 1);
        string[] answers = await Task.WhenAll(others.Select(other => client.GetAnswerAsync(other, path, key)));
        Assert.That(client.Seen.Keys, Is.EquivalentTo(["200", "409 in-flight"]));
        try
        {
            return [.. answers.Append(await AnswerAsync(await holding)).Distinct()];
        }
        catch (HttpRequestException)
        {
            return [.. answers.Distinct()];
        }
    }
}
