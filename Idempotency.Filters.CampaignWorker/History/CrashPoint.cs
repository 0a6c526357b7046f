namespace Idempotency.Filters.CampaignWorker.History;

/// <summary>
/// The points of a request at which a worker can be told to kill itself, in their order. Where the store is not transactional, COMMIT is
/// the writing of the record.
/// </summary>
public enum CrashPoint
{
    /// <summary>The key is claimed, the action has not begun.</summary>
    Claimed,

    /// <summary>The action runs, and has no effect yet.</summary>
    InAction,

    /// <summary>The effect is saved: by <c>SaveChanges</c>, or, without a transaction, for good.</summary>
    Saved,

    /// <summary>COMMIT is about to be sent.</summary>
    BeforeCommit,

    /// <summary>COMMIT is on its way.</summary>
    DuringCommit,

    /// <summary>COMMIT was acknowledged.</summary>
    AfterCommit,

    /// <summary>The first byte of the answer is about to leave.</summary>
    BeforeSend,
}
