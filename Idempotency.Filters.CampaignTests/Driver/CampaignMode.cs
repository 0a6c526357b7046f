using Idempotency.Filters.CampaignTests.Databases;
using Idempotency.Filters.CampaignTests.History;

namespace Idempotency.Filters.CampaignTests.Driver;

/// <summary>A store with its settings, and what it promises.</summary>
internal sealed record CampaignMode(string Name, WorkerStore Store, Func<Task<CampaignDatabase>> StartDatabase)
{
    // For a machine that is busy starting processes: a server must notice that a connection broke, and a clock must be looked at.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(5);

    // For stores from which keys may be taken over while a process lives: it must not commit any more.
    private static readonly TimeSpan ShortLease = TimeSpan.FromSeconds(2);

    public InterruptedBehavior WhenInterrupted { get; init; }

    /// <summary>How many processes share the load.</summary>
    public int Workers { get; init; } = 2;

    /// <summary>
    /// How long the claim of a process lasts. Long enough that a process which waits for a processor does not lose it: that would be a
    /// second run, and not because of a crash.
    /// </summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a key stays closed after its process died; null = for its lease.</summary>
    public TimeSpan? Closure { get; init; }

    /// <summary>Whether record and effect are committed together, in the database of the business.</summary>
    public bool IsTransactional { get; init; }

    /// <summary>Whether its store keeps the records in tables, which must be made first.</summary>
    public bool HasTables => Store is WorkerStore.PostgresLock or WorkerStore.PostgresRow or WorkerStore.Sqlite;

    /// <summary>Whether each key has one effect at most, whatever is killed.</summary>
    public bool IsExactlyOnce { get; init; }

    /// <summary>Whether a record outlives the process that wrote it.</summary>
    public bool RecordsOutliveProcess { get; init; } = true;

    /// <summary>How many kills the long form has.</summary>
    public int LongKills { get; init; } = 500;

    public TimeSpan AllowedClosure => (Closure ?? Lease) + Slack;

    /// <summary>
    /// Whether it may happen in this mode: a second run, and its second answer, where the store does not share the transaction.
    /// </summary>
    public bool Allows(ViolationKind kind) => !IsExactlyOnce && kind is (ViolationKind.SecondEffect or ViolationKind.TwoAnswers);

    public static IReadOnlyList<CampaignMode> All { get; } =
    [
        // A process of its own for its records: a second one would run everything again, and not because of a crash.
        new("memory", WorkerStore.Memory, CampaignDatabase.NoneAsync) { Workers = 1, RecordsOutliveProcess = false },
        new("memory-block", WorkerStore.Memory, CampaignDatabase.NoneAsync)
        {
            Workers = 1, RecordsOutliveProcess = false, WhenInterrupted = InterruptedBehavior.Block,
        },
        new("classic", WorkerStore.Classic, RedisDatabase.StartAsync),
        new("classic-block", WorkerStore.Classic, RedisDatabase.StartAsync)
        {
            WhenInterrupted = InterruptedBehavior.Block, IsExactlyOnce = true,
        },
        new("redis", WorkerStore.Redis, RedisDatabase.StartAsync),
        new("redis-block", WorkerStore.Redis, RedisDatabase.StartAsync)
        {
            WhenInterrupted = InterruptedBehavior.Block, IsExactlyOnce = true,
        },
        // No lease: the lock is gone with its connection.
        new("postgres-lock", WorkerStore.PostgresLock, PostgresDatabase.StartAsync)
        {
            IsTransactional = true, IsExactlyOnce = true, LongKills = 5000, Lease = ShortLease, Closure = TimeSpan.Zero,
        },
        new("postgres-row", WorkerStore.PostgresRow, PostgresDatabase.StartAsync)
        {
            IsTransactional = true, IsExactlyOnce = true, LongKills = 2000, Lease = ShortLease,
        },
        new("postgres-row-block", WorkerStore.PostgresRow, PostgresDatabase.StartAsync)
        {
            IsTransactional = true, IsExactlyOnce = true, Lease = ShortLease, WhenInterrupted = InterruptedBehavior.Block,
        },
        new("postgres-plain", WorkerStore.PostgresRow, PostgresDatabase.StartAsync),
        new("postgres-plain-block", WorkerStore.PostgresRow, PostgresDatabase.StartAsync)
        {
            WhenInterrupted = InterruptedBehavior.Block, IsExactlyOnce = true,
        },
        new("sqlite", WorkerStore.Sqlite, SqliteDatabase.StartAsync)
        {
            IsTransactional = true, IsExactlyOnce = true, Lease = ShortLease,
        },
    ];

    public static CampaignMode Named(string name) => All.FirstOrDefault(mode => mode.Name == name)
        ?? throw new ArgumentException($"There is no mode {name}. There are: {string.Join(", ", All.Select(mode => mode.Name))}.");
}
