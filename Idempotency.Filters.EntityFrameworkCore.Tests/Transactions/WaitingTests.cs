using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>Requests that wait for the answer of the first.</summary>
[TestFixture(ShopHost.Mvc, ClaimMode.Lock)]
[TestFixture(ShopHost.MinimalApi, ClaimMode.Lock)]
[TestFixture(ShopHost.Mvc, ClaimMode.Row)]
internal sealed class WaitingTests(ShopHost host, ClaimMode mode) : ShopTests
{
    private const int Waiters = 20;

    private readonly Signal _reached = new();
    private readonly Signal _goOn = new();
    private string _database = "";
    private int _arrived;

    [Test]
    public async Task WaitersHoldNoConnectionAndGetTheAnswer()
    {
        var app = await AppAsync(StatusCodes.Status201Created);
        var (first, waiters) = await SendAsync(app);

        // The pool has three connections, and the first request has one of them.
        var others = await Task.WhenAll(Enumerable.Range(0, 10).Select(other => app.AnswerAsync($"other-{other}")));
        Assert.That(others, Has.All.StartsWith("201"));
        Assert.That(waiters, Has.None.Matches<Task<string>>(waiter => waiter.IsCompleted));
        _goOn.Fire();

        var answer = await first;
        Assert.That(answer, Does.StartWith("201"));
        Assert.That(await Task.WhenAll(waiters), Has.All.EqualTo(answer + " replayed"));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(1));
    }

    [Test]
    public async Task OneWaiterTakesOverAfterARollback()
    {
        var app = await AppAsync(StatusCodes.Status500InternalServerError);
        var (first, waiters) = await SendAsync(app);

        _goOn.Fire();

        Assert.That(await first, Does.StartWith("500"));
        var answers = await Task.WhenAll(waiters);
        Assert.That(answers, Has.All.StartsWith("201").And.Exactly(Waiters - 1).EndsWith("replayed"));
        Assert.That(app.Action.Runs, Is.EqualTo(2));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(1));
    }

    /// <summary>A request that does not wait must not meet those who look whether the key is free.</summary>
    [Test]
    public async Task ThoseWhoWaitCloseTheKeyToNobody()
    {
        var app = await AppAsync(StatusCodes.Status201Created);
        var impatient = await StartAsync(_database, host, mode);
        var (first, waiters) = await SendAsync(app);

        Assert.That(await impatient.AnswerAsync("a"), Is.EqualTo("409 in-flight"));
        _goOn.Fire();
        var answer = await first;
        for (var time = 0; time < 30; time++)
            Assert.That(await impatient.AnswerAsync("a"), Is.EqualTo(answer + " replayed"));

        await Task.WhenAll(waiters);
    }

    /// <summary>The first run waits, and answers with a status; all others pay at once.</summary>
    private async Task<ShopApp> AppAsync(int firstStatus)
    {
        _database = await Databases.PostgresAsync();
        var app = await StartAsync(
            _database + ";Maximum Pool Size=3", host, mode,
            policy: o =>
            {
                o.WhenInFlight = InFlightBehavior.Wait;
                o.WaitTimeout = TimeSpan.FromMinutes(1);
            },
            pipeline: web => web.Use((http, next) =>
            {
                Interlocked.Increment(ref _arrived);
                return next(http);
            }));
        app.Action.Do = async (http, db, idempotency) =>
        {
            var (status, text) = await ShopAction.PayAsync(http, db, idempotency);
            if (app.Action.Runs > 1)
                return (status, text);

            _reached.Fire();
            await _goOn.WaitAsync();
            return (firstStatus, text);
        };
        return app;
    }

    private async Task<(Task<string> First, Task<string>[] Waiters)> SendAsync(ShopApp app)
    {
        var first = app.AnswerAsync("a");
        await _reached.WaitAsync();
        var waiters = Enumerable.Range(0, Waiters).Select(_ => app.AnswerAsync("a")).ToArray();
        await Waiting.UntilAsync(() => Volatile.Read(ref _arrived) == Waiters + 1);
        return (first, waiters);
    }
}
