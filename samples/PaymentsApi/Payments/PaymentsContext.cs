using Microsoft.EntityFrameworkCore;

namespace PaymentsApi.Payments;

/// <summary>The database of the sample: payments, and beside them the idempotency keys with their answers.</summary>
public sealed class PaymentsContext(DbContextOptions<PaymentsContext> options) : DbContext(options)
{
    public DbSet<Payment> Payments => Set<Payment>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.AddIdempotency();
}
