using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Transactions;

/// <summary>When an action's transaction is rolled back, and what remains of the key. At both hosts.</summary>
internal sealed class RollbackTests
{
    private static readonly string[] Hosts = ["/mvc", "/endpoint"];

    private static readonly Dictionary<string, Action<HttpContext>> Wishes = new()
    {
        ["5xx"] = http => http.Response.StatusCode = 503,
        ["Discard"] = http => TransactionalApp.ContextOf(http).Discard(),
        ["RollbackOnly"] = http => TransactionalApp.ContextOf(http).RollbackOnly(),
        ["RollbackOnly and then Keep"] = http =>
        {
            TransactionalApp.ContextOf(http).RollbackOnly();
            TransactionalApp.ContextOf(http).KeepFor(TimeSpan.FromHours(1));
        },
        ["Keep and then RollbackOnly"] = http =>
        {
            TransactionalApp.ContextOf(http).Keep();
            TransactionalApp.ContextOf(http).RollbackOnly();
        },
        ["a status that asks to come again"] = http => http.Response.StatusCode = 429,
    };

    private static readonly string[] WishNames = [.. Wishes.Keys];

    [Test]
    public async Task AnswerThatIsNotKeptIsSentAfterARollback(
        [ValueSource(nameof(Hosts))] string host, [ValueSource(nameof(WishNames))] string wish)
    {
        await using var app = await TransactionalApp.StartAsync(async (http, run) =>
        {
            if (run == 1)
                Wishes[wish](http);
            await http.Response.WriteAsync($"run {run}");
        });

        Assert.That(await app.AnswerAsync(host), Does.EndWith(" run 1"));
        Assert.That(app.Store.Calls, Does.StartWith("claim begin ran dispose"));
        Assert.That(await app.AnswerAsync(host), Is.EqualTo("200 run 2"));
        Assert.That(await app.CallsAsync(), Is.EqualTo("claim begin ran dispose claim begin ran complete dispose"));
    }

    [TestCaseSource(nameof(Hosts))]
    public async Task RollbackOnlyNeedsATransaction(string host)
    {
        await using var app = await TransactionalApp.StartAsync(
            (http, _) =>
            {
                TransactionalApp.ContextOf(http).RollbackOnly();
                return Task.CompletedTask;
            },
            o => o.Transactional = false);

        Assert.That(await app.AnswerAsync(host), Is.EqualTo("500"));
        Assert.That(app.Thrown.Single(), Is.InstanceOf<InvalidOperationException>().With.Message.Contains("no transaction to roll back"));
    }

    [TestCaseSource(nameof(Hosts))]
    public async Task ActionThatThrowsUnderBlockLeavesARecordThatSaysSo(string host)
    {
        await using var app = await TransactionalApp.StartAsync((_, _) => throw new TimeoutException(), Block);

        Assert.That(await app.AnswerAsync(host), Is.EqualTo("500"));
        Assert.That(await app.AnswerAsync(host), Is.EqualTo("409 outcome-unknown"));
        Assert.That(app.Thrown.Single(), Is.InstanceOf<TimeoutException>());
        Assert.That(await app.CallsAsync(), Is.EqualTo("claim begin ran rollback complete:OutcomeUnknown dispose claim"));
    }

    [Test]
    public async Task TransactionThatDoesNotStandIsBlockedToo([ValueSource(nameof(Hosts))] string host, [Values] bool isConflict)
    {
        var store = new TransactionalStore
        {
            OnComplete = attempt => attempt > 1 ? null
                : isConflict ? Completion.Conflict(new TimeoutException()) : Completion.Refused(new TimeoutException()),
        };
        await using var app = await TransactionalApp.StartAsync(options: Block, store: store);

        Assert.That(await app.AnswerAsync(host), Is.EqualTo(isConflict ? "503 transaction-conflict" : "500 rolled-back"));
        Assert.That(await app.AnswerAsync(host), Is.EqualTo("409 outcome-unknown"));
        Assert.That(await app.CallsAsync(), Is.EqualTo("claim begin ran complete rollback complete:OutcomeUnknown dispose claim"));
    }

    [TestCaseSource(nameof(Hosts))]
    public async Task AnswerOverTheCapIsBlockedToo(string host)
    {
        await using var app = await TransactionalApp.StartAsync(
            TransactionalApp.AnswerAsync,
            o =>
            {
                Block(o);
                o.MaxResponseBodySize = 3;
            });

        Assert.That(await app.AnswerAsync(host), Is.EqualTo("500 rolled-back"));
        Assert.That(await app.AnswerAsync(host), Is.EqualTo("409 outcome-unknown"));
        Assert.That(await app.CallsAsync(), Is.EqualTo("claim begin ran rollback complete:OutcomeUnknown dispose claim"));
    }

    [TestCaseSource(nameof(Hosts))]
    public async Task KeyStaysClosedWhenNobodyKnowsOfTheCommitAndFailuresBlock(string host)
    {
        var store = new TransactionalStore { OnComplete = _ => throw new TimeoutException() };
        await using var app = await TransactionalApp.StartAsync(options: Block, store: store);

        Assert.That(await app.AnswerAsync(host), Is.EqualTo("503 store-unavailable"));
        Assert.That(await app.AnswerAsync(host), Is.EqualTo("409 in-flight"));
        // That the action may have had an effect is tried again, in the background, too.
        Assert.That(await app.CallsAsync(), Does.StartWith("claim begin ran complete rollback complete:OutcomeUnknown complete:"));
    }

    [TestCaseSource(nameof(Hosts))]
    public async Task KeyStaysClosedWhenNobodyKnowsOfTheCommitUnderBlock(string host)
    {
        var store = new TransactionalStore { OnComplete = _ => throw new TimeoutException() };
        await using var app = await TransactionalApp.StartAsync(
            options: o => o.WhenInterrupted = InterruptedBehavior.Block, store: store);

        Assert.That(await app.AnswerAsync(host), Is.EqualTo("503 store-unavailable"));
        Assert.That(await app.AnswerAsync(host), Is.EqualTo("409 in-flight"));
        Assert.That(await app.CallsAsync(), Is.EqualTo("claim begin ran complete abandon dispose claim"));
    }

    [TestCaseSource(nameof(Hosts))]
    public async Task RepeatIsCommittedOnlyIfItIsKept(string host)
    {
        await using var app = await TransactionalApp.StartAsync(async (http, run) =>
        {
            if (run == 3)
                TransactionalApp.ContextOf(http).Keep();
            await TransactionalApp.AnswerAsync(http, run);
        });

        Assert.That(await app.AnswerAsync($"{host}/manual"), Is.EqualTo("201 run 1"));
        Assert.That(await app.AnswerAsync($"{host}/manual"), Is.EqualTo("201 run 2"));
        Assert.That(await app.AnswerAsync($"{host}/manual"), Is.EqualTo("201 run 3"));
        Assert.That(
            await app.CallsAsync(),
            Is.EqualTo("claim begin ran complete dispose claim begin ran dispose claim begin ran complete dispose"));
    }

    /// <summary>The record of the earlier request says what happened, and a repeat that fails must not replace it.</summary>
    [TestCaseSource(nameof(Hosts))]
    public async Task RepeatThatIsRolledBackLeavesTheRecordUnderBlock(string host)
    {
        await using var app = await TransactionalApp.StartAsync(
            async (http, run) =>
            {
                TransactionalApp.ContextOf(http).Keep();
                if (run == 2)
                    http.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
                await TransactionalApp.AnswerAsync(http, run);
            },
            Block);

        Assert.That(await app.AnswerAsync($"{host}/manual"), Is.EqualTo("201 run 1"));
        Assert.That(await app.AnswerAsync($"{host}/manual"), Is.EqualTo("500 rolled-back"));
        Assert.That(await app.CallsAsync(), Is.EqualTo("claim begin ran complete dispose claim begin ran dispose"));
    }

    [Test]
    public async Task WaiterGetsTheAnswerOrTakesOver([ValueSource(nameof(Hosts))] string host, [Values] bool fails)
    {
        var (entered, release) = (new Signal(), new Signal());
        await using var app = await TransactionalApp.StartAsync(
            async (http, run) =>
            {
                entered.Fire();
                await release.WaitAsync();
                if (fails && run == 1)
                    throw new TimeoutException();
                await TransactionalApp.AnswerAsync(http, run);
            },
            o => o.WhenInFlight = InFlightBehavior.Wait);
        var first = app.AnswerAsync(host);
        await entered.WaitAsync();
        var second = app.AnswerAsync(host);
        await Waiting.UntilAsync(() => app.Store.Waits == 1);

        release.Fire();

        Assert.That(await first, Is.EqualTo(fails ? "500" : "201 run 1"));
        Assert.That(await second, Is.EqualTo(fails ? "201 run 2" : "201 run 1 replayed"));
    }

    private static void Block(IdempotencyOptions options) => options.WhenFailed = FailureBehavior.Block;
}
