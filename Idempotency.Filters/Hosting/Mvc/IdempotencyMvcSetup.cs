using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Mvc.ModelBinding.Metadata;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Hosting.Mvc;

/// <summary>Configures MVC: binds <see cref="IIdempotencyContext"/> action parameters, and makes the global filter reusable.</summary>
internal sealed class IdempotencyMvcSetup : IPostConfigureOptions<MvcOptions>
{
    public void PostConfigure(string? name, MvcOptions options)
    {
        options.ModelMetadataDetailsProviders.Add(new BindingSourceMetadataProvider(typeof(IIdempotencyContext), BindingSource.Services));

        // Filters.Add<T>() adds a filter that MVC creates per request. One such filter keeps MVC from caching the filter pipeline.
        foreach (var filter in options.Filters.Where(ActionMarkers.IsGlobalFilter))
        {
            if (filter is TypeFilterAttribute type)
                type.IsReusable = true;
            else if (filter is ServiceFilterAttribute service)
                service.IsReusable = true;
        }
    }
}
