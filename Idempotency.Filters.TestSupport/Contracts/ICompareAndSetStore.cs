namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>It keeps a holder whose lease ended from overwriting.</summary>
internal interface ICompareAndSetStore : IAdministeredStore;
