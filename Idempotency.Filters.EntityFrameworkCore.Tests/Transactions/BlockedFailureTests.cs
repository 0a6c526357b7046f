namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>An action that did something outside, such as a charge, and then failed because the database had gone.</summary>
internal sealed class BlockedFailureTests : ShopTests
{
    [Test]
    public async Task FailureIsRememberedAlthoughTheDatabaseWasAway([Values] bool inCommit)
    {
        var server = await ServerAsync();
        var app = await StartAsync(
            await server.CreateDatabaseAsync(), mode: ClaimMode.Row,
            store: o => (o.OperationTimeout, o.RequireDatabaseAtStart) = (TimeSpan.FromSeconds(2), false),
            policy: o => (o.WhenFailed, o.Lease) = (FailureBehavior.Block, TimeSpan.FromSeconds(60)));
        app.Action.Do = async (http, db, idempotency) =>
        {
            var paid = await ShopAction.PayAsync(http, db, idempotency);
            await server.StopAsync();
            return inCommit ? paid : throw new InvalidOperationException("after the charge");
        };

        Assert.That(await app.AnswerAsync("a"), Does.StartWith(inCommit ? "503" : "500"));
        await server.StartAsync();

        await Waiting.UntilAsync(async () => await app.AnswerAsync("a") == "409 outcome-unknown");
        Assert.That(app.Action.Runs, Is.EqualTo(1));
        Assert.That(await app.PaymentsAsync("a"), Is.Zero);
    }
}
