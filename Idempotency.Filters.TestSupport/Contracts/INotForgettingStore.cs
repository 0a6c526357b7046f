namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>A store that cannot enumerate its keys.</summary>
internal interface INotForgettingStore : IAdministeredStore;
