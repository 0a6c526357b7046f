using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.TestSupport;

/// <summary>Shorter ways to start an application and to read what it answers.</summary>
internal static class Answers
{
    /// <summary>An application with <see cref="Runs"/> and <c>AddIdempotency()</c>. Further settings are added to these.</summary>
    public static Task<TestApp> StartAsync(
        Type[] controllers, Action<IServiceCollection>? services = null, Action<WebApplication>? pipeline = null) =>
        TestApp.StartAsync(
            controllers,
            s =>
            {
                s.AddSingleton<Runs>();
                s.AddIdempotency();
                services?.Invoke(s);
            },
            pipeline);

    /// <summary>An application with Minimal API endpoints only.</summary>
    public static Task<TestApp> StartAsync(Action<WebApplication> pipeline, Action<IServiceCollection>? services = null) =>
        StartAsync([], services, pipeline);

    public static int Runs(this TestApp app) => app.Services.GetRequiredService<Runs>().Count;

    /// <summary>
    /// Posts and returns the answer as one line: status, body (for a problem its code), and <c>replayed</c> if it is a replay.
    /// </summary>
    public static Task<string> AnswerAsync(
        this TestApp app, string path, string? key, HttpContent? content = null, params string[] headers) =>
        app.AnswerAsync(HttpMethod.Post, path, key, content, headers);

    public static async Task<string> AnswerAsync(
        this TestApp app, HttpMethod method, string path, string? key, HttpContent? content = null, params string[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (key is not null)
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        foreach (var header in headers)
            request.Headers.TryAddWithoutValidation(header[..header.IndexOf(':')], header[(header.IndexOf(':') + 1)..].Trim());

        using var response = await app.Client.SendAsync(request).Soon();
        var body = await response.Content.ReadAsStringAsync();
        if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
            body = JsonDocument.Parse(body).RootElement.TryGetProperty("code", out var code) ? code.GetString() : "problem";
        string?[] parts = [$"{(int)response.StatusCode}", body, response.Headers.Contains("Idempotent-Replayed") ? "replayed" : null];
        return string.Join(' ', parts.Where(part => !string.IsNullOrWhiteSpace(part)).Select(part => part!.Trim()));
    }

    /// <summary>Stops the server, which waits until every request is done: a client has its answer before the last line is logged.</summary>
    public static Task FinishAsync(this TestApp app) => app.App.StopAsync().Soon();

    /// <summary>Answers an exception with 500 and its message.</summary>
    public static void ShowErrors(WebApplication app) => app.Use(async (http, next) =>
    {
        try
        {
            await next(http);
        }
        catch (Exception exception)
        {
            http.Response.StatusCode = StatusCodes.Status500InternalServerError;
            await http.Response.WriteAsync(exception.Message);
        }
    });
}
