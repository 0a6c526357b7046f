using System.Net;
using Idempotency.Filters.BrowserTests.Support;
using Idempotency.Filters.TestSupport;
using PaymentsApi.Payments;

namespace Idempotency.Filters.BrowserTests;

/// <summary>The sample with a database: payments and answers outlive the process that made them.</summary>
internal sealed class DatabaseTests
{
    private const string Key = "8e03978e-40d5-43e8-bc93-6894a57f9324";
    private static readonly CreatePayment Order = new(12.5m, "EUR", "inv-7");

    [Test]
    public async Task NextProcessReplaysFromTheFile()
    {
        var folder = Directory.CreateTempSubdirectory("sample-");
        try
        {
            await NextProcessReplaysAsync("--store", "sqlite", "--sqlite", Path.Combine(folder.FullName, "payments.db"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    public async Task NextProcessReplaysFromPostgres()
    {
        await using var server = new PostgresServer();
        await server.StartAsync();

        await NextProcessReplaysAsync("--store", "postgres", "--postgres", await server.CreateDatabaseAsync());
    }

    /// <summary>The first process is killed, not stopped.</summary>
    private static async Task NextProcessReplaysAsync(params string[] store)
    {
        string answer;
        await using (var sample = await Sample.StartAsync(TimeSpan.Zero, store))
        {
            using var first = await sample.PayAsync(Key, Order);
            answer = await first.Content.ReadAsStringAsync();
            Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.Created), answer);
        }

        await using var next = await Sample.StartAsync(TimeSpan.Zero, store);
        using var replay = await next.PayAsync(Key, Order);

        Assert.That(replay.StatusCode, Is.EqualTo(HttpStatusCode.Created));
        Assert.That(replay.Headers.Contains("Idempotent-Replayed"), Is.True);
        Assert.That(await replay.Content.ReadAsStringAsync(), Is.EqualTo(answer));
        Assert.That(await next.LedgerAsync(), Has.Count.EqualTo(1));
    }
}
