using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.EntityFrameworkCore.Databases;

/// <summary>
/// A context without entities, which opens connections as the provider of the application does. The store never works on a context of the
/// application: it would meet what the action has tracked there.
/// </summary>
internal sealed class RowContext(DbContextOptions<RowContext> options) : DbContext(options);
