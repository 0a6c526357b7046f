using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Redis.Tests.Parity;

/// <summary>The rows of docs/parity.md whose test needs a Redis. The others are in Idempotency.Filters.Tests/Parity.</summary>
internal sealed class RedisFeatureTests
{
    [Test]
    public async Task Row23_StoreIsRedis()
    {
        var server = await SharedRedis.ServerAsync();
        var prefix = $"{Guid.NewGuid():N}:";
        await using var app = await ParityApp.StartAsync(
            o => o.KeyPrefix = prefix, services: s => s.AddIdempotency().UseRedis(server.Address));

        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1 replayed"));
        Assert.That((object?[])(await server.ExecuteAsync("KEYS", prefix + "*"))!, Has.Length.EqualTo(1));
    }

    [Test]
    public async Task Row24_WaiterIsWokenByAMessageOfRedis()
    {
        Signal entered = new(), release = new();
        var server = await SharedRedis.ServerAsync();
        var prefix = $"{Guid.NewGuid():N}:";
        await using var app = await ParityApp.StartAsync(
            o =>
            {
                // Without a message the waiter would ask again when the lease ends.
                o.KeyPrefix = prefix;
                o.Lease = TimeSpan.FromHours(1);
                o.WaitTimeout = TimeSpan.FromHours(1);
                o.WhenInFlight = InFlightBehavior.Wait;
            },
            ParityApp.Hanging(entered, release),
            s => s.AddIdempotency().UseRedis(server.Address));
        var first = app.AnswerAsync("/pay", "k");
        await entered.WaitAsync();
        var second = app.AnswerAsync("/pay", "k");
        await Waiting.UntilAsync(async () => ((object?[])(await server.ExecuteAsync("PUBSUB", "CHANNELS", prefix + "*"))!).Length == 1);
        release.Fire();

        Assert.That(await second.Soon(), Is.EqualTo("200 1 replayed"));
        Assert.That(await first, Is.EqualTo("200 1"));
    }

    [Test]
    public void PageNamesTheseTests()
    {
        using var page = new StreamReader(typeof(RedisFeatureTests).Assembly.GetManifestResourceStream("parity.md")!);
        var text = page.ReadToEnd();

        var rows = typeof(RedisFeatureTests).GetMethods().Where(method => method.Name.StartsWith("Row", StringComparison.Ordinal));
        foreach (var test in rows)
            Assert.That(text, Does.Contain($"`{test.Name}`"));
    }
}
