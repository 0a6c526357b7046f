using System.Text;
using Idempotency.Filters.Tests.Engine;
using Idempotency.Filters.Tests.Transactions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Keys;

/// <summary>A client that stalls while its body is needed is answered in a limited time, and what it sent is let go.</summary>
internal sealed class SlowBodyTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);

    [TestCase("application/json", "{\"key\":\"k\",", TestName = "A key in JSON is not waited for without end")]
    [TestCase("application/x-www-form-urlencoded", "key=k&", TestName = "A key in a form is not waited for without end")]
    [TestCase(
        "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n",
        TestName = "A key in a multipart form is not waited for without end")]
    public async Task StalledClientIsRefused(string type, string beginning)
    {
        await using var app = await KeyedApp.StartAsync(
            o => o.BodyReadTimeout = Short, KeySource.FormField("key"), KeySource.JsonField("key"));
        using var client = new RawConnection(app.Address);

        client.Send(Head("/keyed/unread", type, length: 100_000) + beginning);

        AssertIsTooSlow(client.ReceiveText());
        Assert.That(app.Runs(), Is.Zero);
    }

    [TestCase("application/x-www-form-urlencoded", "key=k&")]
    [TestCase("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n")]
    public async Task StalledClientIsRefusedBehindABufferOfTheRequest(string type, string beginning)
    {
        await using var app = await Answers.StartAsync(
            [typeof(KeyedController)],
            s => s.AddIdempotency(o => (o.BodyReadTimeout, o.KeySources) = (Short, [KeySource.FormField("key")])),
            app => app.Use((http, next) =>
            {
                http.Request.EnableBuffering();
                return next(http);
            }));
        using var client = new RawConnection(app.Address);

        client.Send(Head("/keyed/unread", type, length: 100_000) + beginning);

        AssertIsTooSlow(client.ReceiveText());
    }

    [Test]
    public async Task ManyStalledClientsAreAllRefusedAndOthersAreServed()
    {
        // Long enough for all of them to have sent what they send.
        await using var app = await KeyedApp.StartAsync(o => o.BodyReadTimeout = TimeSpan.FromSeconds(5), KeySource.JsonField("key"));
        var clients = Enumerable.Range(0, 50).Select(_ => new RawConnection(app.Address)).ToList();
        var most = "{\"key\":\"" + new string('k', 900_000);

        // One after the other: clients that wait would take the threads from the server.
        clients.ForEach(client => client.Send(Head("/keyed/unread", "application/json", length: 1_000_000) + most));
        clients.ForEach(client => AssertIsTooSlow(client.ReceiveText()));

        Assert.That(await app.AnswerAsync("/keyed/unread", null, KeyedApp.Json("{\"key\":\"k\"}")), Is.EqualTo("200 1"));
        clients.ForEach(client => client.Dispose());
    }

    [Test]
    public async Task RepeatInManualModeIsNotWaitedForWithoutEnd()
    {
        await using var app = await Answers.StartAsync(
            [typeof(ManualController)], s => s.AddIdempotency(o => o.BodyReadTimeout = Short));
        using var content = new StringContent("the body", Encoding.UTF8, "text/plain");
        await app.AnswerAsync("/manual/raw", "k", content);
        using var client = new RawConnection(app.Address);

        client.Send(Head("/manual/raw", "text/plain; charset=utf-8", length: 8, key: "k") + "the");

        AssertIsTooSlow(client.ReceiveText());
        Assert.That(app.Runs(), Is.EqualTo(1));

        // The claim of the slow one was given up.
        using var again = new StringContent("the body", Encoding.UTF8, "text/plain");
        Assert.That(await app.AnswerAsync("/manual/raw", "k", again), Does.StartWith("200"));
    }

    [Test]
    public async Task TransactionalRequestIsNotWaitedForWithoutEnd()
    {
        await using var app = await TransactionalApp.StartAsync(options: o => o.BodyReadTimeout = Short);
        using var client = new RawConnection(app.App.Address);

        client.Send(Head("/endpoint", "text/plain", length: 10, key: "k") + "half");

        AssertIsTooSlow(client.ReceiveText());
        Assert.That(app.Store.Calls, Is.Empty);
    }

    [Test]
    public async Task BodyThatComesInPiecesInTimeIsRead([Values] bool limited)
    {
        await using var app = await KeyedApp.StartAsync(
            o => o.BodyReadTimeout = limited ? TimeSpan.FromMinutes(2) : null, KeySource.JsonField("key"));
        using var client = new RawConnection(app.Address);

        client.Send(Head("/keyed/unread", "application/json", length: 11));
        foreach (var piece in "{\"key\":\"k\"}".Chunk(3))
            client.Send(new string(piece));

        Assert.That(client.ReceiveText(), Does.StartWith("HTTP/1.1 200"));
    }

    private static string Head(string path, string type, int length, string? key = null) =>
        $"POST {path} HTTP/1.1\r\nHost: t\r\nContent-Type: {type}\r\nContent-Length: {length}\r\n"
        + (key is null ? "\r\n" : $"Idempotency-Key: {key}\r\n\r\n");

    private static void AssertIsTooSlow(string answer) =>
        Assert.That(answer, Does.StartWith("HTTP/1.1 408").And.Contains("body-too-slow"));
}
