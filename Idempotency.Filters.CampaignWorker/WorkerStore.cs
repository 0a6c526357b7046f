namespace Idempotency.Filters.CampaignWorker;

/// <summary>Where a worker keeps its records.</summary>
public enum WorkerStore
{
    Memory,

    Redis,

    /// <summary>The cache and the lock of Redis: the classic pairing.</summary>
    Classic,

    /// <summary>PostgreSQL, in the transaction of the business, in lock mode.</summary>
    PostgresLock,

    /// <summary>PostgreSQL, in the transaction of the business, in row mode.</summary>
    PostgresRow,

    /// <summary>SQLite, in the transaction of the business.</summary>
    Sqlite,
}
