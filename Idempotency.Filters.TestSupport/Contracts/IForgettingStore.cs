namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>A store that can enumerate its keys, and so forget a scope.</summary>
internal interface IForgettingStore : IAdministeredStore;
