using Idempotency.Filters.Engine;

namespace Idempotency.Filters.Tests.Engine;

/// <summary>What happens to a key, as a table of facts and verdicts.</summary>
internal sealed class JudgementTests
{
    /// <summary>An action ran and returned an answer to keep.</summary>
    private static readonly RunFacts Answer = new() { ActionRan = true, IsWanted = true, IsWhole = true };

    private static readonly RunFacts Thrown = new() { ActionRan = true, Threw = true, BlocksFailures = true };

    private static readonly RunFacts ServerError = new() { ActionRan = true, IsServerError = true, IsWhole = true, BlocksFailures = true };

    private static IEnumerable<TestCaseData> Table()
    {
        yield return Row("an answer to keep", Answer, Verdict.Keep);
        yield return Row("an answer that is on its way", Answer with { IsOnItsWay = true, IsWhole = false }, Verdict.Release);
        yield return Row("a throw while the answer is on its way, under Block", Thrown with { IsOnItsWay = true }, Verdict.Block);
        yield return Row("an answer that is not wanted", Answer with { IsWanted = false }, Verdict.Release);
        yield return Row(
            "an answer too large, streamed, or framed by the action", Answer with { IsWhole = false }, Verdict.KeepNotReplayable);
        yield return Row("an answer returned under a fired token", Answer with { TimeWasUp = true }, Verdict.KeepNotReplayable);
        yield return Row(
            "an answer cut short while it was written", Answer with { TimeWasUp = true, Threw = true }, Verdict.KeepNotReplayable);
        yield return Row("an upload that broke off", Answer with { UploadBroke = true }, Verdict.Release);
        yield return Row("an upload that broke off, under Block", Thrown with { UploadBroke = true }, Verdict.Release);

        yield return Row("a throw", Thrown with { BlocksFailures = false }, Verdict.Release);
        yield return Row("a throw, under Block", Thrown, Verdict.Block);
        yield return Row("a throw before the action, under Block", Thrown with { ActionRan = false }, Verdict.Release);
        yield return Row("a throw after Keep(), under Block", Thrown with { Wish = KeepWish.Keep }, Verdict.Block);
        yield return Row("a throw after Discard(), under Block", Thrown with { Wish = KeepWish.Discard }, Verdict.Release);
        yield return Row("a result that cannot be written", Thrown with { IsWanted = true, BlocksFailures = false }, Verdict.Release);
        yield return Row("a result that cannot be written, under Block", Thrown with { IsWanted = true }, Verdict.Block);

        var mapped = Thrown with { Threw = false, ThrewInside = true, IsWhole = true };
        yield return Row("a throw that a filter maps", mapped with { BlocksFailures = false }, Verdict.Release);
        yield return Row("a throw that a filter maps, under Block", mapped, Verdict.Block);
        yield return Row(
            "a throw that a filter maps to an answer to keep", mapped with { IsWanted = true, BlocksFailures = false }, Verdict.Release);
        yield return Row(
            "a throw that a filter maps, and asks to keep", mapped with { IsWanted = true, Wish = KeepWish.Keep }, Verdict.Keep);
        yield return Row(
            "a throw after Discard() that a filter maps, under Block", mapped with { Wish = KeepWish.Discard }, Verdict.Release);
        yield return Row("a throw that a filter maps, on its way, under Block", mapped with { IsOnItsWay = true }, Verdict.Block);
        yield return Row(
            "a throw that a filter maps, on its way", mapped with { IsOnItsWay = true, BlocksFailures = false }, Verdict.Release);
        yield return Row(
            "a repeat that threw, which a filter maps, under Block", mapped with { IsRepeat = true, IsWanted = true }, Verdict.Release);

        yield return Row("a 5xx", ServerError with { BlocksFailures = false }, Verdict.Release);
        yield return Row("a 5xx, under Block", ServerError, Verdict.Block);
        yield return Row("a 5xx of a filter around the action, under Block", ServerError with { ActionRan = false }, Verdict.Release);
        yield return Row("a 5xx with Keep(), under Block", ServerError with { IsWanted = true, Wish = KeepWish.Keep }, Verdict.Keep);
        yield return Row("a 5xx with Discard(), under Block", ServerError with { Wish = KeepWish.Discard }, Verdict.Release);

        var repeat = Answer with { IsRepeat = true };
        yield return Row("an answer to keep after RollbackOnly()", Answer with { Wish = KeepWish.RollBack }, Verdict.Release);
        yield return Row("a throw after RollbackOnly(), under Block", Thrown with { Wish = KeepWish.RollBack }, Verdict.Release);
        yield return Row("a 5xx after RollbackOnly(), under Block", ServerError with { Wish = KeepWish.RollBack }, Verdict.Release);
        yield return Row("a throw that a filter maps, after RollbackOnly()", mapped with { Wish = KeepWish.RollBack }, Verdict.Release);
        yield return Row("a repeat", repeat, Verdict.Release);
        yield return Row("a repeat with Discard()", repeat with { Wish = KeepWish.Discard, IsWanted = false }, Verdict.Release);
        yield return Row("a repeat with Keep()", repeat with { Wish = KeepWish.Keep }, Verdict.Keep);
        yield return Row(
            "a repeat with Keep() that threw, under Block", Thrown with { IsRepeat = true, Wish = KeepWish.Keep }, Verdict.Release);
        yield return Row("a repeat that threw, under Block", Thrown with { IsRepeat = true }, Verdict.Release);
        yield return Row("a repeat with a 5xx, under Block", ServerError with { IsRepeat = true }, Verdict.Release);
    }

    [TestCaseSource(nameof(Table))]
    public void VerdictFollowsFromTheFacts(RunFacts facts, Verdict verdict) => Assert.That(Judgement.Of(facts), Is.EqualTo(verdict));

    /// <summary>Rules that hold for every combination of facts.</summary>
    [Test]
    public void NoCombinationBreaksARule()
    {
        foreach (var facts in All())
        {
            var verdict = Judgement.Of(facts);
            var isEarlierRecordAtStake = facts.IsRepeat && facts.Wish is not KeepWish.Keep;
            var isRolledBack = facts.Wish is KeepWish.RollBack;

            Assert.That(
                facts.UploadBroke || isEarlierRecordAtStake || isRolledBack,
                Is.False.Or.EqualTo(verdict is Verdict.Release),
                $"{facts}");
            if (verdict is Verdict.Keep)
            {
                Assert.That(facts is { IsWanted: true, IsWhole: true, Threw: false, TimeWasUp: false }, $"{facts}");
                Assert.That(facts is { ThrewInside: false } or { Wish: KeepWish.Keep }, $"{facts}");
            }

            if (verdict is Verdict.KeepNotReplayable)
                Assert.That(facts.IsWanted, $"{facts}");
            if (verdict is Verdict.Block)
                Assert.That(facts is { BlocksFailures: true, ActionRan: true, IsRepeat: false, Wish: not KeepWish.Discard }, $"{facts}");
        }
    }

    private static TestCaseData Row(string name, RunFacts facts, Verdict verdict) =>
        new TestCaseData(facts, verdict).SetArgDisplayNames(name);

    private static IEnumerable<RunFacts> All() =>
        from bits in Enumerable.Range(0, 1 << 11)
        from wish in Enum.GetValues<KeepWish>()
        let isSet = (Func<int, bool>)(bit => (bits & (1 << bit)) != 0)
        let facts = new RunFacts
        {
            Wish = wish,
            UploadBroke = isSet(0),
            IsRepeat = isSet(1),
            ActionRan = isSet(2),
            IsWanted = isSet(3),
            Threw = isSet(4),
            IsServerError = isSet(5),
            TimeWasUp = isSet(6),
            IsWhole = isSet(7),
            BlocksFailures = isSet(8),
            IsOnItsWay = isSet(9),
            ThrewInside = isSet(10),
        }
        // A wish decides IsWanted, unless something threw before the wish was read.
        where facts.Threw || facts.Wish is KeepWish.None || facts.IsWanted == facts.Wish is KeepWish.Keep
        select facts;
}
