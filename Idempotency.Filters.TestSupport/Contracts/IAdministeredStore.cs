namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>It implements <c>IIdempotencyStoreAdministration</c>.</summary>
internal interface IAdministeredStore : IContractStore;
