using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace Idempotency.Filters.EntityFrameworkCore.Databases;

/// <summary>Entity Framework keeps one model for each type of context; ours has one for each name of its table.</summary>
internal sealed class OwnModelKey : IModelCacheKeyFactory
{
    public object Create(DbContext context, bool designTime) =>
        context is OwnContext own ? (typeof(OwnContext), own.Table, own.Schema, designTime) : (context.GetType(), designTime);
}
