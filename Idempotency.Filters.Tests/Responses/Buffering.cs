using System.Text;
using Microsoft.AspNetCore.Http;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>Middleware that buffers the body.</summary>
internal static class Buffering
{
    /// <param name="before">Written before a body that is not empty, as a rewritten page is longer than what the action wrote.</param>
    public static Func<HttpContext, RequestDelegate, Task> InMemory(string before = "") => async (http, next) =>
    {
        var body = http.Response.Body;
        using var buffer = new MemoryStream();
        http.Response.Body = buffer;
        try
        {
            await next(http);
        }
        finally
        {
            http.Response.Body = body;
        }

        if (buffer.Length > 0)
            await body.WriteAsync(Encoding.UTF8.GetBytes(before));
        buffer.Position = 0;
        await buffer.CopyToAsync(body);
    };
}
