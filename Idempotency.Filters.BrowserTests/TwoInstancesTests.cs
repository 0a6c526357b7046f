using System.Net;
using Idempotency.Filters.BrowserTests.Support;
using Idempotency.Filters.TestSupport;
using PaymentsApi.Payments;

namespace Idempotency.Filters.BrowserTests;

/// <summary>Two instances of the sample over one Redis, as the README starts them.</summary>
internal sealed class TwoInstancesTests
{
    private const string Key = "5b0e1ad2-7d0c-4a52-b0c1-9a7a3d1e4f10";
    private static readonly CreatePayment Order = new(12.5m, "EUR", "inv-8");

    [TestCase("redis")]
    [TestCase("distributed-cache")]
    public async Task OneReplaysWhatTheOtherAnswered(string store)
    {
        await using var server = await RedisServer.StartAsync();
        await using var one = await StartAsync(store, server);
        await using var other = await StartAsync(store, server);

        using var first = await one.PayAsync(Key, Order);
        using var retry = await other.PayAsync(Key, Order);

        Assert.That((first.StatusCode, retry.StatusCode), Is.EqualTo((HttpStatusCode.Created, HttpStatusCode.Created)));
        Assert.That(retry.Headers.Contains("Idempotent-Replayed"), Is.True);
        Assert.That(await retry.Content.ReadAsStringAsync(), Is.EqualTo(await first.Content.ReadAsStringAsync()));
        Assert.That(await other.LedgerAsync(), Is.Empty);
    }

    [TestCase("redis")]
    [TestCase("distributed-cache")]
    public async Task OfManyRequestsToBothOneRuns(string store)
    {
        await using var server = await RedisServer.StartAsync();
        await using var one = await StartAsync(store, server);
        await using var other = await StartAsync(store, server);

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => (i % 2 == 0 ? one : other).PayAsync(Key, Order)));

        Assert.That(
            answers.Select(answer => answer.StatusCode), Is.All.EqualTo(HttpStatusCode.Created).Or.EqualTo(HttpStatusCode.Conflict));
        Assert.That((await one.LedgerAsync()).Count + (await other.LedgerAsync()).Count, Is.EqualTo(1));
    }

    private static Task<Sample> StartAsync(string store, RedisServer server) =>
        Sample.StartAsync("--store", store, "--redis", server.Address);
}
