using Idempotency.Filters.Forms;
using Microsoft.AspNetCore.Mvc.Rendering;
using Microsoft.AspNetCore.Mvc.ViewFeatures;
using Microsoft.AspNetCore.Razor.TagHelpers;

namespace Idempotency.Filters;

/// <summary>
/// <c>&lt;idempotency-key /&gt;</c>: a hidden field with a fresh key, so that a form that is sent twice is handled once. Each rendering makes
/// another key, and the page is kept out of caches: two visitors must not get one key.
/// </summary>
/// <remarks>
/// Needs <c>@addTagHelper *, Idempotency.Filters</c> in the view, and a policy that reads the key from the form. Other attributes, such as
/// <c>id</c>, are passed on.
/// </remarks>
[HtmlTargetElement("idempotency-key", TagStructure = TagStructure.NormalOrSelfClosing)]
public sealed class IdempotencyKeyTagHelper : TagHelper
{
    /// <summary>The name of the field. Default <see cref="KeySource.DefaultFormField"/>.</summary>
    public string Name { get; set; } = KeySource.DefaultFormField;

    /// <summary>The view that is rendered; set by the framework.</summary>
    [ViewContext, HtmlAttributeNotBound]
    public ViewContext ViewContext { get; set; } = null!;

    /// <inheritdoc />
    /// <exception cref="ArgumentException">The name is empty: a browser does not send a field without a name.</exception>
    public override void Process(TagHelperContext context, TagHelperOutput output)
    {
        ArgumentNullException.ThrowIfNull(output);

        var field = KeyField.Create(ViewContext.HttpContext, Name);
        output.TagName = field.TagName;
        output.TagMode = TagMode.SelfClosing;
        foreach (var (name, value) in field.Attributes)
            output.Attributes.SetAttribute(name, value);
    }
}
