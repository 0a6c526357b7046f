using Idempotency.Filters;

namespace Idempotency.Filters.CampaignWorker;

/// <summary>What the campaign chooses on the command line: <c>--Store redis --Connection 127.0.0.1:6379</c>.</summary>
public sealed class WorkerSettings
{
    public required WorkerStore Store { get; init; }

    /// <summary>Where the store finds its server or its file; nothing for memory.</summary>
    public string Connection { get; init; } = "";

    /// <summary>The number of this process in the history.</summary>
    public required int Number { get; init; }

    /// <summary>The file that this process writes its history to.</summary>
    public required string History { get; init; }

    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    public InterruptedBehavior WhenInterrupted { get; init; }

    /// <summary>Whether this process is to make the tables, and nothing else.</summary>
    public bool MakeTables { get; init; }

    /// <summary>Whether the record and the effect are committed together.</summary>
    public bool IsTransactional { get; init; }

    /// <summary>Whether the store keeps its records in the database of the business.</summary>
    public bool HasTables => Store is WorkerStore.PostgresLock or WorkerStore.PostgresRow or WorkerStore.Sqlite;
}
