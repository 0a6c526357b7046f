using Idempotency.Filters.Stores;

namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>A store as the contracts see it, and its time. The other interfaces here say what else it can do.</summary>
internal interface IContractStore : IAsyncDisposable
{
    IIdempotencyStore Store { get; }

    /// <summary>The lease of the contracts' claims. In real time it is several times as long as a busy machine may be late.</summary>
    TimeSpan Lease { get; }

    /// <summary>How long a record is kept in tests where its end matters.</summary>
    TimeSpan Retention { get; }

    /// <summary>Called once, before anything else.</summary>
    Task StartAsync();

    Task LetTimePassAsync(TimeSpan time);
}
