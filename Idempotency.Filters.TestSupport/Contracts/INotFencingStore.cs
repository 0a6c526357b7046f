namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>Its claims carry no number.</summary>
internal interface INotFencingStore : IContractStore;
