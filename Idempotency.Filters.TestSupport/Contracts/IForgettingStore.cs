namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>It can enumerate its keys, and so forget a scope.</summary>
internal interface IForgettingStore : IAdministeredStore;
