using Idempotency.Filters.CampaignTests.History;

namespace Idempotency.Filters.CampaignTests;

/// <summary>A checker that never finds anything proves nothing: every kind of violation is planted.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class HistoryCheckerTests
{
    private static readonly TimeSpan Allowed = TimeSpan.FromSeconds(5);

    private readonly HistoryBuilder _history = new();

    [SetUp]
    public void AddAKeyThatIsRight() => _history
        .Sent("right", worker: 8).Effect("right", "r", worker: 8).Answered("right", "r");

    [Test]
    public void KeyThatSurvivesACrashIsRight()
    {
        _history.Sent("k", worker: 1).Reached("k", CrashPoint.Claimed, worker: 1).Killed(1).Retried("k");
        _history.After(Allowed / 2).Sent("k", worker: 2).Sent("k", worker: 2, client: 1).Reached("k", CrashPoint.Claimed, worker: 2);
        _history.Effect("k", "a", worker: 2).Answered("k", "a").Answered("k", "a", client: 1);

        Assert.That(Found(), Is.Empty);
    }

    [Test]
    public void SecondEffectIsFound()
    {
        _history.Sent("k", worker: 1).Effect("k", "a").Killed(1).Sent("k", worker: 2).Effect("k", "b", worker: 2).Answered("k", "b");

        Assert.That(Found(), Is.EqualTo([ViolationKind.SecondEffect]));
    }

    [Test]
    public void SecondEffectWithTheSameAnswerIsFound()
    {
        _history.Sent("k", worker: 1).Effect("k", "a").Effect("k", "a").Answered("k", "a");

        Assert.That(Found(), Is.EqualTo([ViolationKind.SecondEffect]));
    }

    [Test]
    public void TwoAnswersAreFound()
    {
        _history.Sent("k", worker: 1).Sent("k", worker: 2, client: 1).Effect("k", "a").Answered("k", "a").Answered("k", "b", client: 1);

        Assert.That(Found(), Is.EqualTo([ViolationKind.TwoAnswers, ViolationKind.AnswerDiffersFromEffect]));
    }

    [Test]
    public void AnswerWithoutEffectIsFound()
    {
        _history.Sent("k", worker: 1).Answered("k", "a");

        Assert.That(Found(), Is.EqualTo([ViolationKind.AnswerWithoutEffect]));
    }

    [Test]
    public void AnswerThatDiffersFromTheEffectIsFound()
    {
        _history.Sent("k", worker: 1).Effect("k", "a").Answered("k", "b");

        Assert.That(Found(), Is.EqualTo([ViolationKind.AnswerDiffersFromEffect]));
    }

    [Test]
    public void EffectWhoseAnswerNobodyGotIsFound()
    {
        _history.Sent("k", worker: 1).Effect("k", "a").Killed(1).Retried("k");

        Assert.That(Found(), Is.EqualTo([ViolationKind.Lost, ViolationKind.NeverAnswered]));
    }

    [Test]
    public void ClientThatNeverGetsAnAnswerIsFound()
    {
        _history.Sent("k", worker: 1).Sent("k", worker: 1, client: 1).Effect("k", "a").Answered("k", "a").Retried("k", client: 1);

        Assert.That(Found(), Is.EqualTo([ViolationKind.NeverAnswered]));
    }

    [Test]
    public void KeyThatStaysClosedTooLongIsFound()
    {
        _history.Sent("k", worker: 1).Killed(1).Retried("k");
        _history.After(Allowed).Sent("k", worker: 2).Retried("k", saw: KeyHistory.InFlight);
        _history.Sent("k", worker: 2).Reached("k", CrashPoint.Claimed, worker: 2).Effect("k", "a").Answered("k", "a");

        Assert.That(Found(), Is.EqualTo([ViolationKind.ClosedTooLong]));
    }

    [Test]
    public void KeyThatIsRefusedToTwoClientsAtOnceIsClosed()
    {
        _history.Sent("k", worker: 1).Killed(1).Retried("k").After(Allowed);
        _history.Sent("k", worker: 2).Sent("k", worker: 3, client: 1);
        _history.Retried("k", saw: KeyHistory.InFlight).Retried("k", client: 1, saw: KeyHistory.InFlight);
        _history.Effect("k", "a").Sent("k", worker: 2).Answered("k", "a").Sent("k", worker: 2, client: 1).Answered("k", "a", client: 1);

        Assert.That(Found(), Is.EqualTo([ViolationKind.ClosedTooLong]));
    }

    [Test]
    public void RequestThatFailedMayHaveClaimedAnew()
    {
        _history.Sent("k", worker: 1).Killed(1).Retried("k").Sent("k", worker: 2).After(Allowed).Retried("k", saw: "503 store-unavailable");
        _history.After(Allowed / 2).Sent("k", worker: 3).Retried("k", saw: KeyHistory.InFlight);
        _history.Sent("k", worker: 3).Effect("k", "a").Answered("k", "a");

        Assert.That(Found(), Is.Empty);
    }

    [Test]
    public void KeyThatNobodyAsksForIsNotClosed()
    {
        _history.Sent("k", worker: 1).Killed(1).Retried("k").Sent("k", worker: 2).Retried("k", saw: KeyHistory.InFlight);
        _history.After(Allowed * 2).Sent("k", worker: 2).Effect("k", "a").Answered("k", "a");

        Assert.That(Found(), Is.Empty);
    }

    [Test]
    public void KeyThatAnotherWorkerHasIsNotClosedByTheFirst()
    {
        _history.Sent("k", worker: 1).Killed(1).Retried("k").Reached("k", CrashPoint.Claimed, worker: 2).After(Allowed * 2);
        _history.Sent("k", worker: 3).Retried("k", saw: KeyHistory.InFlight).Effect("k", "a").Answered("k", "a");

        Assert.That(Found(), Is.Empty);
    }

    [Test]
    public void KeyThatAnotherWorkerMayHaveIsNotClosedByTheFirst()
    {
        // The second has claimed it, and does not come to say so.
        _history.Sent("k", worker: 1).Killed(1).Retried("k").Sent("k", worker: 2).After(Allowed * 2);
        _history.Sent("k", worker: 3, client: 1).Retried("k", client: 1, saw: KeyHistory.InFlight);
        _history.Effect("k", "a").Answered("k", "a").Sent("k", worker: 3, client: 1).Answered("k", "a", client: 1);

        Assert.That(Found(), Is.Empty);
    }

    [Test]
    public void TimeWithoutTheDatabaseDoesNotCountAsClosed()
    {
        _history.Sent("k", worker: 1).Killed(1).Retried("k").DatabaseDown().After(Allowed).DatabaseUp();
        _history.Sent("k", worker: 2).Retried("k", saw: KeyHistory.InFlight).Sent("k", worker: 2).Effect("k", "a").Answered("k", "a");

        Assert.That(Found(), Is.Empty);
    }

    [Test]
    public void LastingOutageEndsNoClosureTooSoon()
    {
        _history.DatabaseDown().After(Allowed).DatabaseUp().Sent("k", worker: 1).Killed(1).Retried("k").After(Allowed * 2);
        _history.Sent("k", worker: 2).Retried("k", saw: KeyHistory.InFlight).Effect("k", "a").Answered("k", "a");

        Assert.That(Found(), Is.EqualTo([ViolationKind.ClosedTooLong]));
    }

    [Test]
    public void KeyOfAnotherWorkerIsNotClosedByAKill()
    {
        _history.Sent("k", worker: 2).Killed(1).After(Allowed * 2)
            .Sent("k", worker: 2, client: 1).Retried("k", client: 1, saw: KeyHistory.InFlight)
            .Effect("k", "a", worker: 2).Answered("k", "a", client: 1).Answered("k", "a");

        Assert.That(Found(), Is.Empty);
    }

    [Test]
    public void BlockedKeyHasNothingToLose()
    {
        _history.Sent("k", worker: 1).Effect("k", "a").Killed(1).Retried("k").Blocked("k");

        Assert.That(Found(), Is.Empty);
    }

    [Test]
    public void BlockedKeyThatRanTwiceIsFound()
    {
        _history.Sent("k", worker: 1).Effect("k", "a").Killed(1).Retried("k").Effect("k", "b", worker: 2).Blocked("k");

        Assert.That(Found(), Is.EqualTo([ViolationKind.SecondEffect]));
    }

    [TestCase(CrashPoint.InAction, "Saved")]
    [TestCase(CrashPoint.Saved, "Saved")]
    [TestCase(CrashPoint.DuringCommit, "DuringCommit")]
    public void SecondRunIsAttributedToTheLastPointOfTheFirst(CrashPoint point, string place)
    {
        _history.Sent("k", worker: 1).Effect("k", "a").Reached("k", point, worker: 1).Killed(1);
        _history.Reached("k", CrashPoint.BeforeSend, worker: 2).Effect("k", "b", worker: 2).Answered("k", "b");

        Assert.That(SecondRunFinder.Count(_history.History), Is.EqualTo(new Dictionary<string, int> { [place] = 1 }));
    }

    [Test]
    public void SecondRunAfterAnAnswerIsToldApart()
    {
        _history.Sent("k", worker: 1).Effect("k", "a").Reached("k", CrashPoint.BeforeSend, worker: 1).Answered("k", "a").Killed(1);
        _history.Effect("k", "b", worker: 2).Answered("k", "b", client: 1);

        Assert.That(
            SecondRunFinder.Count(_history.History), Is.EqualTo(new Dictionary<string, int> { [SecondRunFinder.AfterAnswer] = 1 }));
    }

    private IEnumerable<ViolationKind> Found() => HistoryChecker.Check(_history.History, Allowed).Select(violation => violation.Kind);
}
