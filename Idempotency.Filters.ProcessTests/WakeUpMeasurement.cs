using System.Diagnostics;

namespace Idempotency.Filters.ProcessTests;

/// <summary>
/// How long after the first answer, from one process, the answer of a waiter in another one arrives. A figure for the docs.
/// </summary>
internal sealed class WakeUpMeasurement : WorkerTests
{
    private const int Samples = 200;

    [Test]
    [Category("Long")]
    public async Task WaiterIsAnsweredAfterTheLeader()
    {
        const string Path = "/wait?ms=100";
        await StartWorkersAsync(2);
        var delays = new List<double>();
        for (var sample = 0; sample < Samples; sample++)
        {
            var key = $"wake-{sample}";
            var leader = MomentAsync(Workers[0].PostAsync(Path, key));
            await Workers[0].ToldAsync("started " + key);
            var waiter = MomentAsync(Workers[1].PostAsync(Path, key));
            delays.Add(Stopwatch.GetElapsedTime(await leader, await waiter).TotalMilliseconds);
        }

        delays.Sort();
        TestContext.Progress.WriteLine(
            $"Waiter after leader, of {Samples}: "
            + $"median {delays[Samples / 2]:F2} ms, p95 {delays[Samples * 95 / 100]:F2} ms, max {delays[^1]:F2} ms.");
        Assert.That(delays[Samples / 2], Is.LessThan(50), "it asks again and again, and is not woken");
    }

    private static async Task<long> MomentAsync(Task<HttpResponseMessage> answering)
    {
        using var response = await answering;
        var moment = Stopwatch.GetTimestamp();
        Assert.That((int)response.StatusCode, Is.EqualTo(200));
        return moment;
    }
}
