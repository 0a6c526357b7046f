namespace Idempotency.Filters.EntityFrameworkCore.Databases;

/// <summary>The application makes no context outside a request, such as one that needs the tenant of the request.</summary>
internal sealed class NoTenantException(string context, Exception innerException)
    : Exception($"{context} cannot be made outside a request: {innerException.Message}", innerException);
