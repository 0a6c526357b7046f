namespace Idempotency.Filters.CampaignWorker;

/// <summary>Where a worker keeps its records.</summary>
public enum WorkerStore
{
    Memory,

    Redis,

    /// <summary>The cache and the lock of Redis: the classic pairing.</summary>
    Classic,

    /// <summary>PostgreSQL, in lock mode.</summary>
    PostgresLock,

    /// <summary>PostgreSQL, in row mode.</summary>
    PostgresRow,

    /// <summary>SQLite.</summary>
    Sqlite,
}
