using System.Text;
using Microsoft.AspNetCore.Http;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>Manual mode: the action runs for each repeat, and decides what becomes of it.</summary>
[TestFixture(ClaimMode.Lock)]
[TestFixture(ClaimMode.Row)]
internal sealed class ManualTests(ClaimMode mode) : ShopTests
{
    [Test]
    public async Task RepeatCommitsOnlyWhatItKeeps([Values] bool keeps)
    {
        var app = await AppAsync(idempotency =>
        {
            if (keeps)
                idempotency.Keep();
        });

        Assert.That(await AnswerAsync(app), Is.EqualTo("201 run 1"));
        Assert.That(await AnswerAsync(app), Is.EqualTo("201 run 2"));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(keeps ? 2 : 1));
        Assert.That(await AnswerAsync(app), Is.EqualTo("201 run 3"));
        Assert.That(app.Seen, Is.EqualTo(keeps ? new[] { "run 1", "run 2" } : ["run 1", "run 1"]));
    }

    [Test]
    public async Task RepeatThatFailsLeavesTheEarlierRecord([Values] bool rollbackOnly)
    {
        var fails = true;
        var app = await AppAsync(idempotency =>
        {
            idempotency.Keep();
            if (fails && rollbackOnly)
                idempotency.RollbackOnly();
            else if (fails)
                throw new InvalidOperationException("failed");
        });

        Assert.That(await AnswerAsync(app), Is.EqualTo("201 run 1"));
        Assert.That(await AnswerAsync(app), Is.EqualTo(rollbackOnly ? "201 run 2" : "500 failed"));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(1));
        fails = false;
        Assert.That(await AnswerAsync(app), Is.EqualTo("201 run 3"));

        Assert.That(app.Seen, Is.EqualTo(new[] { "run 1", "run 1" }));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(2));
        Assert.That(await app.KeysAsync(), Is.EqualTo(1));
    }

    /// <summary>The record that a repeat saw must still be there when it replaces it.</summary>
    [Test]
    public async Task RepeatsAreOneAtATime()
    {
        var reached = new Signal();
        var goOn = new Signal();
        var app = await AppAsync(_ => { });
        Assert.That(await AnswerAsync(app), Is.EqualTo("201 run 1"));
        var action = app.Action.Do;
        app.Action.Do = async (http, db, idempotency) =>
        {
            reached.Fire();
            await goOn.WaitAsync();
            idempotency.Keep();
            return await action(http, db, idempotency);
        };
        var second = AnswerAsync(app);
        await reached.WaitAsync();

        Assert.That(await AnswerAsync(app), Is.EqualTo("409 in-flight"));
        goOn.Fire();

        Assert.That(await second, Is.EqualTo("201 run 2"));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(2));
    }

    private static Task<string> AnswerAsync(SeenShop app) => app.Shop.App.AnswerAsync("mvc/manual", "a", new StringContent("10"));

    private async Task<SeenShop> AppAsync(Action<IIdempotencyContext> onRepeat)
    {
        var app = new SeenShop(await StartAsync(await Databases.PostgresAsync(), mode: mode), []);
        app.Action.Do = async (http, db, idempotency) =>
        {
            var run = $"run {app.Action.Runs}";
            await ShopAction.PayAsync(http, db, idempotency);
            if (idempotency.IsRepeat)
            {
                app.Seen.Add(Encoding.UTF8.GetString(idempotency.Response!.Body));
                onRepeat(idempotency);
            }

            return (StatusCodes.Status201Created, run);
        };
        return app;
    }

    /// <param name="Shop">The application.</param>
    /// <param name="Seen">The answers that repeats saw.</param>
    private sealed record SeenShop(ShopApp Shop, List<string> Seen)
    {
        public ShopAction Action => Shop.Action;

        public Task<int> PaymentsAsync(string key) => Shop.PaymentsAsync(key);

        public Task<int> KeysAsync() => Shop.KeysAsync();
    }
}
