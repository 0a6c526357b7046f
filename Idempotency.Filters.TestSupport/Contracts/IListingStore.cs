namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>A store that can list its keys by state.</summary>
internal interface IListingStore : IAdministeredStore
{
    /// <summary>Whether the store knows when a key in flight was claimed.</summary>
    bool KnowsClaimTime => true;
}
