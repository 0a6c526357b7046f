namespace Idempotency.Filters.Engine;

/// <summary>Decides what becomes of a key. Only looks at facts, and changes nothing.</summary>
internal static class Judgement
{
    public static Verdict Of(in RunFacts run) => run switch
    {
        { IsOnItsWay: true, Threw: false } => Verdict.Release,
        // An upload that broke off was never a whole request.
        { UploadBroke: true } => Verdict.Release,
        { IsRepeat: true, Threw: true } or { IsRepeat: true, Wish: not KeepWish.Keep } => Verdict.Release,
        // The action returned, so it may have taken effect; but it may have returned early, or its answer was cut short.
        { IsWanted: true, TimeWasUp: true } => Verdict.KeepNotReplayable,
        { IsWanted: true, Threw: false } => run.IsWhole ? Verdict.Keep : Verdict.KeepNotReplayable,
        { BlocksFailures: true, ActionRan: true, Wish: not KeepWish.Discard } when run.Threw || run.IsServerError => Verdict.Block,
        _ => Verdict.Release,
    };
}
