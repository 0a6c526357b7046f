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
        if (context.GetService<IDbContextOptions>().FindExtension<CoreOptionsExtension>() is { } core && AreIn(core))
            return;

        var name = context.GetType().Name;
        throw new IdempotencyUnitOfWorkException(
            $"{name} was not made by AddDbContext, AddDbContextPool or a factory of AddDbContextFactory, so nothing keeps an action from "
            + "ending the transaction that it runs in. Register it so, or add to the options that you make it with: "
            + "options.AddIdempotencyInterceptors();");
    }

    private static bool AreIn(CoreOptionsExtension core) => core.Interceptors?.Contains(TransactionGuard.Instance) is true;
}
