using Idempotency.Filters.Forms;
using Microsoft.AspNetCore.Mvc.Rendering;
using Microsoft.AspNetCore.Mvc.ViewFeatures;
using Microsoft.AspNetCore.Razor.TagHelpers;

namespace Idempotency.Filters;

/// <summary>
/// <c>&lt;idempotency-key /&gt;</c> writes a hidden field with a fresh key, so that a form sent twice is handled once. Each rendering makes
/// a new key. The page is kept out of caches, because two visitors must not get the same key.
/// </summary>
/// <remarks>
/// The view needs <c>@addTagHelper *, Idempotency.Filters</c>. The policy must read the key from the form:
/// <see cref="KeySource.FormField"/>. Other attributes, such as <c>id</c>, are passed on.
/// </remarks>
[HtmlTargetElement("idempotency-key", TagStructure = TagStructure.NormalOrSelfClosing)]
public sealed class IdempotencyKeyTagHelper : TagHelper
{
    /// <summary>The name of the field. Default <see cref="KeySource.DefaultFormField"/>.</summary>
    public string Name { get; set; } = KeySource.DefaultFormField;

    /// <summary>The view being rendered. Set by the framework.</summary>
    [ViewContext, HtmlAttributeNotBound]
    public ViewContext ViewContext { get; set; } = null!;

    /// <inheritdoc />
    /// <exception cref="ArgumentException">The name is empty. Browsers do not send fields without a name.</exception>
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
