namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>Its claims carry a number that grows.</summary>
internal interface IFencingStore : IContractStore;
