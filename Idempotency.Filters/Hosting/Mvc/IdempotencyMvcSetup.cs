using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Mvc.ModelBinding.Metadata;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Hosting.Mvc;

/// <summary>Fits MVC to the library: <see cref="IIdempotencyContext"/> as an action parameter, and a global filter that MVC may keep.</summary>
internal sealed class IdempotencyMvcSetup : IPostConfigureOptions<MvcOptions>
{
    public void PostConfigure(string? name, MvcOptions options)
    {
        options.ModelMetadataDetailsProviders.Add(new BindingSourceMetadataProvider(typeof(IIdempotencyContext), BindingSource.Services));

        // Filters.Add<T>() makes a filter that is created per request, and keeps MVC from caching the whole pipeline of filters.
        foreach (var filter in options.Filters.Where(ActionMarkers.IsGlobalFilter))
        {
            if (filter is TypeFilterAttribute type)
                type.IsReusable = true;
            else if (filter is ServiceFilterAttribute service)
                service.IsReusable = true;
        }
    }
}
