using System.Buffers;
using System.Data.Common;
using Idempotency.Filters.Engine;
using Idempotency.Filters.Records;
using Idempotency.Filters.Requests;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Transactions;

/// <summary>What a client gets for each end of a transaction, and what the store is asked to do. At both hosts.</summary>
internal sealed class CommitTests
{
    private static readonly string[] Hosts = ["/mvc", "/endpoint"];

    [TestCaseSource(nameof(Hosts))]
    public async Task AnswerIsCommittedOnceAndThenSentAndReplayed(string host)
    {
        IHttpResponseFeature? response = null;
        bool? hadStarted = null;
        var store = new TransactionalStore
        {
            OnComplete = _ =>
            {
                hadStarted = response!.HasStarted;
                return null;
            },
        };
        await using var app = await TransactionalApp.StartAsync(store: store, outside: (http, next) =>
        {
            response ??= http.Features.GetRequiredFeature<IHttpResponseFeature>();
            return next(http);
        });

        Assert.That(await app.AnswerAsync(host), Is.EqualTo("201 run 1"));
        Assert.That(await app.AnswerAsync(host), Is.EqualTo("201 run 1 replayed"));
        Assert.That(hadStarted, Is.False, "A byte left before the commit.");
        Assert.That(await app.CallsAsync(), Is.EqualTo("claim begin ran complete dispose claim"));
    }

    [TestCaseSource(nameof(Hosts))]
    public async Task CommitThatFailsIsNeverTheTrueAnswerAndIsNotTriedAgain(string host)
    {
        var store = new TransactionalStore { OnComplete = attempt => attempt == 1 ? throw new TimeoutException() : null };
        await using var app = await TransactionalApp.StartAsync(store: store);

        using var first = await app.PostAsync(host);
        var problem = await first.IsProblemAsync(503, "store-unavailable");

        Assert.That(problem.GetProperty("detail").GetString(), Is.EqualTo(RejectionKind.CommitFailed.Detail));
        Assert.That(first.Headers.RetryAfter, Is.Not.Null);
        Assert.That(first.Headers.Contains("X-Own"), Is.False);
        Assert.That(app.App.Services.GetRequiredService<CompletionRetrier>().PendingCount, Is.Zero);
        Assert.That(await app.AnswerAsync(host), Is.EqualTo("201 run 2"));
        Assert.That(await app.CallsAsync(), Is.EqualTo("claim begin ran complete dispose claim begin ran complete dispose"));
    }

    private static IEnumerable<TestCaseData> Ends() =>
        from host in Hosts
        from end in new (string Name, Func<Completion> Answer, int Status, string Code, bool Retry)[]
        {
            ("Conflict", () => Completion.Conflict(new TimeoutException()), 503, "transaction-conflict", true),
            ("Refused", () => Completion.Refused(new TimeoutException("secret")), 500, "rolled-back", false),
            ("TooLarge", () => Completion.TooLarge, 500, "rolled-back", false),
            ("LeaseLost", () => Completion.LeaseLost, 409, "in-flight", true),
            ("None", () => default, 503, "store-unavailable", true),
            ("Superseded", () => Completion.Superseded(Winner(Fingerprint.OfAnyRequest, RecordFlags.NotReplayable)), 409,
                "not-replayable", false),
            ("Superseded by another request", () => Completion.Superseded(Winner(default)), 422, "key-reused", false),
            ("Superseded by what cannot be read", () => Completion.Superseded(new([1, 2, 3])), 503, "record-unreadable", true),
        }
        select new TestCaseData(host, end.Answer, end.Status, end.Code, end.Retry).SetArgDisplayNames(host, end.Name);

    [TestCaseSource(nameof(Ends))]
    public async Task TransactionThatDoesNotStandIsRefused(string host, object answer, int status, string code, bool retry)
    {
        await using var app = await TransactionalApp.StartAsync(
            store: new TransactionalStore { OnComplete = attempt => attempt == 1 ? ((Func<Completion>)answer)() : null });

        using var first = await app.PostAsync(host);

        var problem = await first.IsProblemAsync(status, code);
        Assert.That(first.Headers.RetryAfter is not null, Is.EqualTo(retry));
        Assert.That(first.Headers.Contains("X-Own"), Is.False);
        Assert.That($"{problem}", Does.Not.Contain("secret").And.Not.Contain("run 1"));
        Assert.That(await app.AnswerAsync(host), Is.EqualTo("201 run 2"));
        Assert.That(app.Thrown, Is.Empty);
        Assert.That(await app.CallsAsync(), Is.EqualTo("claim begin ran complete dispose claim begin ran complete dispose"));
    }

    [TestCaseSource(nameof(Hosts))]
    public async Task SupersededGetsTheAnswerOfTheWinner(string host)
    {
        var store = new TransactionalStore { OnComplete = _ => Completion.Superseded(Winner(Fingerprint.OfAnyRequest)) };
        await using var app = await TransactionalApp.StartAsync(store: store);

        using var first = await app.PostAsync(host);

        Assert.That((int)first.StatusCode, Is.EqualTo(218));
        Assert.That((await first.TextAsync(), first.IsReplay()), Is.EqualTo(("the winner's", true)));
        Assert.That(first.Headers.Contains("X-Own"), Is.False);
    }

    [Test]
    public async Task ConflictOfTheDatabaseIsTakenFromTheHost(
        [ValueSource(nameof(Hosts))] string host, [Values("40001", "40P01")] string state, [Values] bool isInside)
    {
        await using var app = await TransactionalApp.StartAsync((http, run) =>
        {
            Exception failure = new StateException(state);
            if (run == 1)
                throw isInside ? new TimeoutException("", failure) : failure;
            return TransactionalApp.AnswerAsync(http, run);
        });

        using var first = await app.PostAsync(host);

        await first.IsProblemAsync(503, "transaction-conflict");
        Assert.That(first.Headers.RetryAfter, Is.Not.Null);
        Assert.That(app.Thrown, Is.Empty);
        Assert.That(await app.AnswerAsync(host), Is.EqualTo("201 run 2"));
        Assert.That(await app.CallsAsync(), Is.EqualTo("claim begin ran dispose claim begin ran complete dispose"));
    }

    [TestCaseSource(nameof(Hosts))]
    public async Task OtherExceptionFlowsOn(string host)
    {
        var failure = new StateException("23505");
        await using var app = await TransactionalApp.StartAsync((_, _) => throw failure);

        Assert.That(await app.AnswerAsync(host), Is.EqualTo("500"));
        Assert.That(app.Thrown.Single(), Is.SameAs(failure));
        Assert.That(await app.CallsAsync(), Is.EqualTo("claim begin ran dispose"));
    }

    [TestCaseSource(nameof(Hosts))]
    public async Task ExplainedExceptionFlowsOnInstead(string host)
    {
        var store = new TransactionalStore { OnExplain = failure => new InvalidOperationException("explained", failure) };
        await using var app = await TransactionalApp.StartAsync((_, _) => throw new TimeoutException(), store: store);

        Assert.That(await app.AnswerAsync(host), Is.EqualTo("500"));
        Assert.That(app.Thrown.Single().Message, Is.EqualTo("explained"));
        Assert.That(app.Thrown.Single().InnerException, Is.InstanceOf<TimeoutException>());
        Assert.That(await app.CallsAsync(), Is.EqualTo("claim begin ran dispose"));
    }

    [TestCaseSource(nameof(Hosts))]
    public async Task TransactionThatCannotBeginIsARefusal(string host)
    {
        var store = new TransactionalStore { OnRun = () => throw new TimeoutException() };
        await using var app = await TransactionalApp.StartAsync(store: store);

        using var first = await app.PostAsync(host);

        await first.IsProblemAsync(503, "store-unavailable");
        Assert.That((app.Runs, app.Thrown.Count), Is.EqualTo((0, 0)));
        Assert.That(await app.CallsAsync(), Is.EqualTo("claim begin dispose"));
    }

    [Test]
    public async Task MisuseOfTheUnitOfWorkIsAnExceptionOfTheApplication(
        [ValueSource(nameof(Hosts))] string host, [Values] bool atTheClaim)
    {
        var misuse = new IdempotencyUnitOfWorkException("ambient");
        var store = new TransactionalStore();
        if (atTheClaim)
            store.OnClaim = () => throw misuse;
        else
            store.OnRun = () => throw misuse;
        await using var app = await TransactionalApp.StartAsync(store: store);

        Assert.That(await app.AnswerAsync(host), Is.EqualTo("500"));
        Assert.That(app.Thrown.Single(), Is.SameAs(misuse));
        Assert.That(app.Runs, Is.Zero);
        Assert.That(await app.CallsAsync(), Is.EqualTo(atTheClaim ? "claim" : "claim begin dispose"));
    }

    private static ReadOnlySequence<byte> Winner(Fingerprint fingerprint, RecordFlags flags = RecordFlags.None)
    {
        using var written = new ResponseRecord
        {
            Flags = flags,
            StatusCode = 218,
            Created = DateTimeOffset.UnixEpoch,
            Fingerprint = fingerprint,
            Headers = [],
            Body = flags is RecordFlags.None ? new("the winner's"u8.ToArray()) : default,
        }.Write();
        return new(written.Sequence.ToArray());
    }

    private sealed class StateException(string state) : DbException("")
    {
        public override string SqlState => state;
    }
}
