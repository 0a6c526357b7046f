using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.CampaignWorker.Effects;

/// <summary>The business and the records, in one database.</summary>
public sealed class ShopContext(DbContextOptions<ShopContext> options) : DbContext(options)
{
    public DbSet<Payment> Payments => Set<Payment>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Payment>().ToTable("payments").HasIndex(payment => payment.Key);
        modelBuilder.AddIdempotency();
    }
}
