using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>Neither a connection, nor a lock, nor a transaction waits for a client.</summary>
[TestFixture(ShopHost.Mvc, ClaimMode.Lock)]
[TestFixture(ShopHost.MinimalApi, ClaimMode.Lock)]
[TestFixture(ShopHost.Mvc, ClaimMode.Row)]
internal sealed class SlowClientTests(ShopHost host, ClaimMode mode) : ShopTests
{
    private const int Clients = 200;

    [Test]
    public async Task ClientsThatSendAByteASecondTakeNoConnection()
    {
        var database = await Databases.PostgresAsync();
        var arrived = 0;
        var app = await StartAsync(
            database + ";Maximum Pool Size=10", host, mode, policy: o => o.BodyReadTimeout = null,
            pipeline: web => web.Use((http, next) =>
            {
                // The server would end such clients after a while.
                http.Features.Get<IHttpMinRequestBodyDataRateFeature>()!.MinDataRate = null;
                Interlocked.Increment(ref arrived);
                return next(http);
            }));
        var clients = Enumerable.Range(0, Clients).Select(_ => new RawConnection(app.App.Address)).ToList();
        using var end = new CancellationTokenSource();
        var sending = Task.Run(() => TrickleAsync(clients, end.Token));
        try
        {
            await Waiting.UntilAsync(() => Volatile.Read(ref arrived) == Clients);

            for (var request = 0; request < 20; request++)
            {
                Assert.That(await app.AnswerAsync($"healthy-{request}"), Does.StartWith("201"));
                Assert.That(await TransactionsAsync(database), Is.Zero);
            }

            Assert.That(app.Action.Runs, Is.EqualTo(20));
            Assert.That(await app.KeysAsync(), Is.EqualTo(20));
        }
        finally
        {
            await end.CancelAsync();
            await sending;
            clients.ForEach(client => client.Abort());
        }
    }

    private async Task TrickleAsync(List<RawConnection> clients, CancellationToken cancellationToken)
    {
        var path = host is ShopHost.Mvc ? "/mvc/payments" : "/api/payments";
        for (var number = 0; number < clients.Count; number++)
        {
            clients[number].Send(
                $"POST {path} HTTP/1.1\r\nHost: shop\r\nIdempotency-Key: slow-{number}\r\n"
                + "Content-Type: text/plain\r\nContent-Length: 10000\r\n\r\n");
        }

        while (!cancellationToken.IsCancellationRequested)
        {
            clients.ForEach(client => client.Send("x"));
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
