namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>A store whose claims have a fencing token.</summary>
internal interface IFencingStore : IContractStore;
