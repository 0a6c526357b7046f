namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>It cannot enumerate its keys.</summary>
internal interface INotForgettingStore : IAdministeredStore;
