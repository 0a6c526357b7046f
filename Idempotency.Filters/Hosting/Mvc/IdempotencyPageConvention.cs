using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ApplicationModels;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Hosting.Mvc;

/// <summary>Adds the note filter to each Razor Page that has an idempotency filter, its own or the global one.</summary>
/// <remarks>
/// It runs after the application's conventions, which may mark pages too. A model provider would run before them and miss those pages,
/// whose responses would then never be kept.
/// </remarks>
internal sealed class IdempotencyPageConvention(IOptions<MvcOptions> mvc)
    : IPostConfigureOptions<RazorPagesOptions>, IPageApplicationModelConvention
{
    public void PostConfigure(string? name, RazorPagesOptions options) => options.Conventions.Add(this);

    public void Apply(PageApplicationModel model)
    {
        if (model.Filters.Concat(mvc.Value.Filters).Any(ActionMarkers.IsIdempotencyFilter))
            model.Filters.Add(ActionNoteFilter.Instance);
    }
}
