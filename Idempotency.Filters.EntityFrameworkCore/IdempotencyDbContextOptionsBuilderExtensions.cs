using Idempotency.Filters.EntityFrameworkCore.Transactions;

namespace Microsoft.EntityFrameworkCore;

/// <summary>Prepares a context that an application makes by itself for transactional policies.</summary>
public static class IdempotencyDbContextOptionsBuilderExtensions
{
    /// <summary>
    /// Adds what keeps an action from ending the transaction that it runs in, and from writing beside it. <c>UseEntityFramework</c> and
    /// <c>With</c> do it for contexts that <c>AddDbContext</c>, <c>AddDbContextPool</c> and <c>AddDbContextFactory</c> register. Call it
    /// for a context that is registered otherwise, such as by <c>AddScoped(_ =&gt; new ShopContext(options))</c>. A second call adds
    /// nothing.
    /// </summary>
    /// <param name="optionsBuilder">The options of the context.</param>
    /// <returns>The options.</returns>
    public static DbContextOptionsBuilder AddIdempotencyInterceptors(this DbContextOptionsBuilder optionsBuilder)
    {
        ArgumentNullException.ThrowIfNull(optionsBuilder);

        Guards.AddTo(optionsBuilder);
        return optionsBuilder;
    }
}
