namespace Idempotency.Filters.Engine;

/// <summary>Decides what becomes of a key. Only looks at facts, and changes nothing.</summary>
internal static class Judgement
{
    public static Verdict Of(in RunFacts run)
    {
        // Nothing of it stands, so that a retry may run.
        if (run.Wish is KeepWish.RollBack)
            return Verdict.Release;

        return Failed(run) ? OfFailure(run) : OfAnswer(run);
    }

    // An exception is a failure whatever a filter makes of it, unless the filter asks to keep what it made.
    private static bool Failed(in RunFacts run) => run.Threw || run is { ThrewInside: true, Wish: not KeepWish.Keep };

    private static Verdict OfAnswer(in RunFacts run) => run switch
    {
        { IsOnItsWay: true } => Verdict.Release,
        // An upload that broke off was never a whole request.
        { UploadBroke: true } or { IsRepeat: true, Wish: not KeepWish.Keep } => Verdict.Release,
        // The action returned, so it may have taken effect; but it may have returned early.
        { IsWanted: true, TimeWasUp: true } => Verdict.KeepNotReplayable,
        { IsWanted: true } => run.IsWhole ? Verdict.Keep : Verdict.KeepNotReplayable,
        _ => run.IsServerError ? BlockedOr(run) : Verdict.Release,
    };

    private static Verdict OfFailure(in RunFacts run) => run switch
    {
        { UploadBroke: true } or { IsRepeat: true } => Verdict.Release,
        // The action returned, and its answer was cut short.
        { IsWanted: true, TimeWasUp: true } => Verdict.KeepNotReplayable,
        _ => BlockedOr(run),
    };

    private static Verdict BlockedOr(in RunFacts run) =>
        run is { BlocksFailures: true, ActionRan: true, Wish: not KeepWish.Discard } ? Verdict.Block : Verdict.Release;
}
