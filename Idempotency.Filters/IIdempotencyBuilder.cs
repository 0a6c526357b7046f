namespace Idempotency.Filters;

/// <summary>What <c>AddIdempotency()</c> returns: adds policies and named stores, and chooses the default store.</summary>
public interface IIdempotencyBuilder : IIdempotencyStoreBuilder;
