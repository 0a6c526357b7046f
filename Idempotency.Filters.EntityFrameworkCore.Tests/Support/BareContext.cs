using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Support;

/// <summary>A context of an application that forgot the table of the keys.</summary>
internal sealed class BareContext(DbContextOptions<BareContext> options) : DbContext(options)
{
    public DbSet<Order> Orders => Set<Order>();
}
