using Idempotency.Filters;
using Idempotency.Filters.Forms;
using Microsoft.AspNetCore.Html;

// Every view imports this namespace, so views find this helper like the framework's own.

namespace Microsoft.AspNetCore.Mvc.Rendering;

/// <summary>Adds idempotency keys to forms.</summary>
public static class IdempotencyHtmlHelperExtensions
{
    /// <summary>
    /// Writes a hidden field with a fresh key, so that a form sent twice is handled once. The same as <c>&lt;idempotency-key /&gt;</c>. The
    /// policy must read the key from the form: <see cref="KeySource.FormField"/>.
    /// </summary>
    /// <param name="html">The helper of the view.</param>
    /// <param name="name">The name of the field. Default <see cref="KeySource.DefaultFormField"/>.</param>
    /// <returns>The field, HTML-encoded when written.</returns>
    /// <exception cref="ArgumentException">The name is empty. Browsers do not send fields without a name.</exception>
    public static IHtmlContent IdempotencyKey(this IHtmlHelper html, string name = KeySource.DefaultFormField)
    {
        ArgumentNullException.ThrowIfNull(html);
        return KeyField.Create(html.ViewContext.HttpContext, name);
    }
}
