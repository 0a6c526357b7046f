namespace Idempotency.Filters;

/// <summary>Returned by <c>AddIdempotency()</c>. Adds policies and named stores, and chooses the default store.</summary>
public interface IIdempotencyBuilder : IIdempotencyStoreBuilder;
