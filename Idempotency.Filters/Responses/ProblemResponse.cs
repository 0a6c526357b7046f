using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Responses;

/// <summary>
/// Sends problem details. Neither content negotiation nor formatters take part: a client that cannot be told why it is refused would send
/// the request again.
/// </summary>
internal static class ProblemResponse
{
    /// <summary>Whether somebody has written a body. What is not flushed yet has not started the response.</summary>
    public static bool IsWritten(HttpResponse response) =>
        response.HasStarted || response.BodyWriter is { CanGetUnflushedBytes: true, UnflushedBytes: > 0 };

    public static Task SendPageAsync(HttpResponse response, string page) =>
        SendAsync(response, "text/html; charset=utf-8", Encoding.UTF8.GetBytes(page));

    /// <param name="http">The request. The status of its response is set.</param>
    /// <param name="details">The problem.</param>
    /// <param name="options">The app's options for what it added to the problem.</param>
    public static async Task SendJsonAsync(HttpContext http, ProblemDetails details, JsonSerializerOptions options)
    {
        if (await TrySendByAppAsync(http, details))
            return;

        var body = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(body, new() { Encoder = options.Encoder, Indented = options.WriteIndented }))
            ProblemJson.Write(writer, details, options);
        await SendAsync(http.Response, "application/problem+json", body.WrittenMemory);
    }

    /// <summary>Lets a service or a writer of the app's own send it, if it has one that sends anything.</summary>
    private static async ValueTask<bool> TrySendByAppAsync(HttpContext http, ProblemDetails details)
    {
        var problem = new ProblemDetailsContext { HttpContext = http, ProblemDetails = details };
        var services = http.RequestServices;
        if (services.GetService<IProblemDetailsService>() is { } service && IsOfApp(service))
            return await service.TryWriteAsync(problem) && IsWritten(http.Response);

        foreach (var writer in services.GetServices<IProblemDetailsWriter>())
        {
            if (!IsOfApp(writer) || !writer.CanWrite(problem))
                continue;

            await writer.WriteAsync(problem);
            return IsWritten(http.Response);
        }

        return false;
    }

    // The framework's own need reflection, look at the Accept header, or write nothing in controllers without [ApiController].
    private static bool IsOfApp(object service) =>
        service.GetType().Assembly.GetName().Name?.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal) is not true;

    private static async Task SendAsync(HttpResponse response, string contentType, ReadOnlyMemory<byte> body)
    {
        response.ContentType = contentType;
        if (ResponseBodies.MayDeclareLength(response.HttpContext))
            response.ContentLength = body.Length;
        await response.Body.WriteAsync(body);
    }
}
