using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.FrameworkTests.Documented;

internal static class DocumentedStore
{
    /// <summary>Keeps records in a PostgreSQL server.</summary>
    public static void UsePostgres(this IIdempotencyBuilder idempotency, string connection)
    {
        idempotency.Services.AddDbContext<DocumentedContext>(options => options.UseNpgsql(connection));
        idempotency.UseEntityFramework<DocumentedContext>();
    }
}
