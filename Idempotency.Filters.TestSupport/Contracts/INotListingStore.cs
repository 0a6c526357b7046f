namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>A store that cannot list its keys.</summary>
internal interface INotListingStore : IAdministeredStore;
