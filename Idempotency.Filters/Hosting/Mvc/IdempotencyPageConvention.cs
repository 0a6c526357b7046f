using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ApplicationModels;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Hosting.Mvc;

/// <summary>Adds the note filters to each Razor Page that has an idempotency filter, its own or the global one.</summary>
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
        var filters = model.Filters.Concat(mvc.Value.Filters).ToList();
        if (!filters.Any(ActionMarkers.IsIdempotencyFilter))
            return;

        // The global filters join later, so that the notes can only stand around all of them.
        if (filters.Any(ThrowNoteFilter.MayHandle))
        {
            model.Filters.Add(ThrowNoteFilter.Outermost);
            model.Filters.Add(ThrowNoteFilter.Innermost);
        }

        model.Filters.Add(ActionNoteFilter.Instance);
    }
}
