using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.Benchmarks.Database;

/// <summary>The database of the measured application.</summary>
internal sealed class PaymentsContext(DbContextOptions<PaymentsContext> options) : DbContext(options)
{
    public DbSet<PaymentRow> Payments => Set<PaymentRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.AddIdempotency();
}
