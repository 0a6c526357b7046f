using Idempotency.Filters;
using Idempotency.Filters.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace PaymentsApi.Payments;

/// <summary>Keeps payments, keys and answers in one database.</summary>
internal static class PaymentsDatabase
{
    public static void UsePaymentsDatabase(
        this IIdempotencyBuilder idempotency, Action<DbContextOptionsBuilder> database, Action<EntityFrameworkStoreOptions>? store = null)
    {
        idempotency.Services.AddDbContextPool<PaymentsContext>(database);
        idempotency.Services.AddScoped<ILedger, DatabaseLedger>();
        idempotency.UseEntityFramework<PaymentsContext>(store);
    }

    /// <summary>Makes the tables if the database has none. An application that lives longer than a sample uses migrations.</summary>
    public static async Task CreateTablesAsync(this IServiceProvider services)
    {
        await using var scope = services.CreateAsyncScope();
        if (scope.ServiceProvider.GetService<PaymentsContext>() is { } db)
            await db.Database.EnsureCreatedAsync();
    }
}
