using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ApplicationModels;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Internal;

/// <summary>Gives each Razor Page that has an idempotency filter, its own or the global one, the note filter.</summary>
internal sealed class IdempotencyPageModelProvider(IOptions<MvcOptions> options) : IPageApplicationModelProvider
{
    // After MVC's own providers, which fill in the filters.
    public int Order => int.MaxValue;

    public void OnProvidersExecuting(PageApplicationModelProviderContext context)
    {
        var filters = context.PageApplicationModel.Filters;
        if (filters.Concat(options.Value.Filters).Any(IdempotencyMarkers.IsIdempotencyFilter))
            filters.Add(ExecutionNoteFilter.Instance);
    }

    public void OnProvidersExecuted(PageApplicationModelProviderContext context)
    {
    }
}
