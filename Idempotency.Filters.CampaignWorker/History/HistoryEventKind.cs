namespace Idempotency.Filters.CampaignWorker.History;

/// <summary>What clients, workers and databases log.</summary>
public enum HistoryEventKind
{
    /// <summary>A client sent a key to a worker.</summary>
    Sent,

    /// <summary>A client was told, or left, to try again. <see cref="HistoryEvent.Answer"/> says what it saw.</summary>
    Retried,

    /// <summary>A client got its final answer.</summary>
    Answered,

    /// <summary>A client was told that nobody knows the outcome, and that a retry will not run: the key is blocked.</summary>
    Blocked,

    /// <summary>A worker came to a point of a request.</summary>
    Reached,

    /// <summary>The business effect of a key happened.</summary>
    Effect,

    /// <summary>A worker answers.</summary>
    WorkerStarted,

    /// <summary>A worker was killed: at a point of a request, or at a random instant (without a point).</summary>
    WorkerKilled,

    /// <summary>A worker was stopped, and woken after more than its lease.</summary>
    WorkerPaused,

    /// <summary>Somebody took the database away. <see cref="HistoryEvent.Answer"/> says how.</summary>
    DatabaseDown,

    /// <summary>The database is back.</summary>
    DatabaseUp,
}
