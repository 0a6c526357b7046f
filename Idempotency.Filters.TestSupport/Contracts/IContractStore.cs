using Idempotency.Filters.Stores;

namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>A store as the contracts see it, with the time that passes for it. What it can do besides it says by the interfaces beside this one.</summary>
internal interface IContractStore : IAsyncDisposable
{
    IIdempotencyStore Store { get; }

    /// <summary>The lease of the claims of the contracts. In real time: as long as a busy machine may be late, several times over.</summary>
    TimeSpan Lease { get; }

    /// <summary>How long a record is kept where its end matters.</summary>
    TimeSpan Retention { get; }

    /// <summary>Called once, before everything else.</summary>
    Task StartAsync();

    Task LetTimePassAsync(TimeSpan time);
}
