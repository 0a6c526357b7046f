using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.EntityFrameworkCore.Databases;

/// <summary>The databases of a context of the application. The context that a request has says which one is its own.</summary>
internal sealed class ApplicationDatabases<TContext>(IServiceProvider services, EntityFrameworkStoreOptions options) : DatabaseSource
    where TContext : DbContext
{
    public override bool HasContext => true;

    public override DbContext ContextIn(IServiceProvider requestServices) => ContextOf(requestServices);

    public override Database Of(IServiceProvider? requestServices)
    {
        if (requestServices is not null)
            return Of(ContextOf(requestServices), Open);

        using var scope = services.CreateScope();
        return Of(ContextOutsideRequests(scope.ServiceProvider), Open);
    }

    private static TContext ContextOutsideRequests(IServiceProvider scoped)
    {
        TContext? context;
        try
        {
            context = scoped.GetService<TContext>();
        }
        catch (Exception exception)
        {
            throw new NoTenantException(typeof(TContext).Name, exception);
        }

        return Registered(context);
    }

    private static TContext ContextOf(IServiceProvider scoped) => Registered(scoped.GetService<TContext>());

    private static TContext Registered(TContext? context) => context ?? throw new InvalidOperationException(
        $"UseEntityFramework<{typeof(TContext).Name}>() works with a context that is not registered. Register it: "
        + $"builder.Services.AddDbContext<{typeof(TContext).Name}>(options => ...);");

    private Database Open(DbContext context) => new(context, services, options.OperationTimeout, create: null);
}
