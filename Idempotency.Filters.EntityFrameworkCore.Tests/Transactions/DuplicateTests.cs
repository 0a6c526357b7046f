using System.Data;
using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>Two instances of one application, and clients that repeat a request before it is answered.</summary>
[TestFixture(ClaimMode.Lock, null)]
[TestFixture(ClaimMode.Row, null)]
[TestFixture(ClaimMode.Lock, IsolationLevel.RepeatableRead)]
[TestFixture(ClaimMode.Lock, IsolationLevel.Serializable)]
internal sealed class DuplicateTests(ClaimMode mode, IsolationLevel? level) : ShopTests
{
    private const int Keys = 25;
    private const int RequestsEach = 12;

    [Test]
    public async Task EachKeyIsPaidOnce()
    {
        var database = await Databases.PostgresAsync() + ";Maximum Pool Size=40";
        ShopApp[] apps =
        [
            await StartAsync(database, ShopHost.Mvc, mode, o => o.IsolationLevel = level),
            await StartAsync(database, ShopHost.Mvc, mode, o => o.IsolationLevel = level),
        ];

        var answers = await Task.WhenAll(
            from key in Enumerable.Range(0, Keys)
            from request in Enumerable.Range(0, RequestsEach)
            select SendAsync(apps[request % 2], $"key-{key}"));

        var keys = answers.GroupBy(answer => answer.Key).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(keys.Select(key => key.Select(answer => answer.Answer).Distinct().Count()), Has.All.EqualTo(1));
            Assert.That(answers.Select(answer => answer.Answer), Has.All.StartsWith("201"));
        });
        Assert.That(await apps[0].InAsync(db => db.Payments.GroupBy(payment => payment.Key).CountAsync()), Is.EqualTo(Keys));
        Assert.That(await apps[0].InAsync(db => db.Payments.CountAsync()), Is.EqualTo(Keys));
        Assert.That(await apps[0].KeysAsync(), Is.EqualTo(Keys));
        // Above READ COMMITTED a run may be rolled back, because of a snapshot that is older than the first commit.
        if (level is null)
            Assert.That(apps.Sum(app => app.Action.Runs), Is.EqualTo(Keys));
    }

    /// <summary>
    /// Repeats at once what is in flight, met another transaction, or found all connections in use, as an impatient client does.
    /// </summary>
    private static async Task<(string Key, string Answer)> SendAsync(ShopApp app, string key)
    {
        while (true)
        {
            var answer = await app.AnswerAsync(key);
            if (answer is not ("409 in-flight" or "503 transaction-conflict" or "503 store-unavailable"))
                return (key, answer.Replace(" replayed", "", StringComparison.Ordinal));
        }
    }
}
