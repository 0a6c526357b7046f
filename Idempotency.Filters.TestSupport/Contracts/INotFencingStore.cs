namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>A store whose claims have no fencing token.</summary>
internal interface INotFencingStore : IContractStore;
