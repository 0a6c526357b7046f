namespace Idempotency.Filters.ProcessTests;

/// <summary>A server that goes away in the middle of load, comes back with its data, and is used again by the same processes.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ServerOutageTests : WorkerTests
{
    protected override string[] ServerArguments => ["--appendonly", "yes", "--appendfsync", "always"];

    protected override string[] Settings => ["--Lease", "00:00:20", "--OperationTimeout", "00:00:02"];

    [Test]
    public Task KilledAndRestarted() => OutageAsync(Server.KillAsync, Server.RestartAsync);

    [Test]
    public Task PausedForLongerThanAnOperationMayTake() => OutageAsync(Server.PauseAsync, Server.ResumeAsync);

    [Test]
    public async Task ConnectionsAreCut()
    {
        await using var proxy = new CuttableProxy(Server.Port);
        await StartWorkerAtAsync(proxy.Address);
        await StartWorkerAtAsync(proxy.Address);
        var load = Load.Start(Workers);

        for (var cut = 0; cut < 10; cut++)
        {
            await load.AnsweredAsync(10);
            proxy.Cut();
        }

        await load.AnsweredAsync(20);
        await AssertOnceAsync(load, "200", "409 in-flight", "503 store-unavailable");
    }

    /// <summary>Case (a) of the promise: nobody else took the key over here, but somebody might have, and the action is told.</summary>
    [Test]
    public async Task OutageBeyondTheLeaseIsTold()
    {
        const string Path = "/work?ms=12000";
        var worker = await StartWorkerAsync("--Lease", "00:00:06");
        var first = worker.PostAsync(Path, "key");
        await worker.ToldAsync("started key");

        await Server.PauseAsync();
        await worker.ToldAsync("lease-lost key");
        await Server.ResumeAsync();

        var answer = await AnswerAsync(await first);
        Assert.That(await new RetryingClient().GetAnswerAsync(worker, Path, "key"), Is.EqualTo(answer));
        Assert.That(worker.Events, Is.EqualTo(["started key", "lease-lost key", "finished key"]));
    }

    private async Task OutageAsync(Func<Task> begin, Func<Task> end)
    {
        const string Path = "/work?ms=1500";
        await StartWorkersAsync(2);
        var load = Load.Start(Workers);
        await load.AnsweredAsync(20);
        var running = Workers[0].PostAsync(Path, "running");
        await Workers[0].ToldAsync("started running");

        await begin();
        foreach (var worker in Workers)
        {
            using var refused = await worker.PostAsync(Path, "refused");
            await refused.IsProblemAsync(503, "store-unavailable");
            Assert.That(refused.Headers.RetryAfter, Is.Not.Null);
        }

        var answer = await AnswerAsync(await running);
        await end();

        Assert.That(await load.Client.GetAnswerAsync(Workers[1], Path, "running"), Is.EqualTo(answer));
        await load.AnsweredAsync(20);
        await AssertOnceAsync(load, "200", "409 in-flight", "503 store-unavailable");
        Assert.That(Runs("refused"), Is.Zero);
    }
}
