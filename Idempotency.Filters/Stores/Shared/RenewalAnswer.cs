namespace Idempotency.Filters.Stores.Shared;

/// <summary>What a store answers to the renewal of a lease.</summary>
internal enum RenewalAnswer
{
    /// <summary>The key is gone, or has another owner.</summary>
    Lost,

    /// <summary>The lease lasts for its whole length again.</summary>
    Renewed,

    /// <summary>The claim has its record already: there is nothing to renew.</summary>
    Completed,
}
