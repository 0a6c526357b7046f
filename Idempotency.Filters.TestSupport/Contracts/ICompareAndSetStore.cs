namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>A store that keeps a holder whose lease ended from overwriting.</summary>
internal interface ICompareAndSetStore : IAdministeredStore;
