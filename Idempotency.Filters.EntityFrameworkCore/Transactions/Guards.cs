using Idempotency.Filters.Stores;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>The interceptors that every context in a unit of work must have.</summary>
internal static class Guards
{
    private static readonly IInterceptor[] All = [SeparateContextGuard.Instance, TransactionGuard.Instance, ConflictGuard.Instance];

    public static void AddTo(DbContextOptionsBuilder options)
    {
        if (options.Options.FindExtension<CoreOptionsExtension>() is not { } core || !AreIn(core))
            options.AddInterceptors(All);
    }

    /// <exception cref="IdempotencyUnitOfWorkException">The context was made without them.</exception>
    public static void RequireIn(DbContext context)
    {
        if (!AreIn(context))
            throw new IdempotencyUnitOfWorkException(Missing(context.GetType().Name));
    }

    public static bool AreIn(DbContext context) =>
        context.GetService<IDbContextOptions>().FindExtension<CoreOptionsExtension>() is { } core && AreIn(core);

    public static string Missing(string context) =>
        $"Nothing keeps an action from ending the transaction of {context} that it runs in: UseEntityFramework and With can only prepare a "
        + $"context that AddDbContext<{context}>, AddDbContextPool or AddDbContextFactory registers. Add to its options: "
        + "options.AddIdempotencyInterceptors();";

    private static bool AreIn(CoreOptionsExtension core) => core.Interceptors?.Contains(TransactionGuard.Instance) is true;
}
