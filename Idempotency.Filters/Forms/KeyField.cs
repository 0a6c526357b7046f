using Microsoft.AspNetCore.Mvc.Rendering;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters.Forms;

/// <summary>The hidden form field with a fresh key.</summary>
internal static class KeyField
{
    public static TagBuilder Create(HttpContext http, string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);

        KeepOutOfCaches(http);
        return new TagBuilder("input")
        {
            TagRenderMode = TagRenderMode.SelfClosing,
            Attributes =
            {
                ["type"] = "hidden",
                ["name"] = name,
                ["value"] = Guid.NewGuid().ToString(),
                // Some browsers restore field values on a reload, even hidden ones: a new form would be sent with an old key.
                ["autocomplete"] = "off",
            },
        };
    }

    // A cached page would give every visitor the same key: the second visitor would get the first one's answer.
    private static void KeepOutOfCaches(HttpContext http)
    {
        if (http.Features.Get<IOutputCacheFeature>() is { } output)
            output.Context.AllowCacheStorage = false;

        var headers = http.Response.Headers;
        if (!http.Response.HasStarted
            && !headers.CacheControl.ToString().Contains(CacheControlHeaderValue.NoStoreString, StringComparison.OrdinalIgnoreCase))
        {
            headers.CacheControl = CacheControlHeaderValue.NoStoreString;
        }
    }
}
