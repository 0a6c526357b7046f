namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>A store that implements <c>IIdempotencyStoreAdministration</c>.</summary>
internal interface IAdministeredStore : IContractStore;
