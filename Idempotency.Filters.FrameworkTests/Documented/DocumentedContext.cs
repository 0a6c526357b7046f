using Microsoft.EntityFrameworkCore;

namespace Idempotency.Filters.FrameworkTests.Documented;

public sealed class DocumentedContext(DbContextOptions<DocumentedContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.AddIdempotency();
}
