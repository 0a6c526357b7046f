using Idempotency.Filters;
using Idempotency.Filters.Forms;
using Idempotency.Filters.Keys;
using Microsoft.AspNetCore.Html;

// The namespace that every view imports, as those of the framework's own helpers.

namespace Microsoft.AspNetCore.Mvc.Rendering;

/// <summary>Adds idempotency keys to forms.</summary>
public static class IdempotencyHtmlHelperExtensions
{
    /// <summary>
    /// A hidden field with a fresh key, so that a form that is sent twice is handled once; the same as <c>&lt;idempotency-key /&gt;</c>.
    /// Needs a policy that reads the key from the form.
    /// </summary>
    /// <param name="html">The helper of the view.</param>
    /// <param name="name">The name of the field. Default <see cref="KeySource.DefaultFormField"/>.</param>
    /// <returns>The field, encoded.</returns>
    /// <exception cref="ArgumentException">The name is empty: a browser does not send a field without a name.</exception>
    public static IHtmlContent IdempotencyKey(this IHtmlHelper html, string name = KeySource.DefaultFormField)
    {
        ArgumentNullException.ThrowIfNull(html);
        return KeyField.Create(html.ViewContext.HttpContext, name);
    }
}
