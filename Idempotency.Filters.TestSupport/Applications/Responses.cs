using System.Net;
using System.Text.Json;

namespace Idempotency.Filters.TestSupport;

/// <summary>Assertions about responses.</summary>
internal static class Responses
{
    public static bool IsReplay(this HttpResponseMessage response) => response.Headers.Contains("Idempotent-Replayed");

    public static Task<string> TextAsync(this HttpResponseMessage response) => response.Content.ReadAsStringAsync();

    /// <summary>Asserts the action's own answer, made by <see cref="Script.Answer"/>.</summary>
    public static async Task IsRunAsync(this HttpResponseMessage response, int run, int status = 201)
    {
        Assert.That(response.StatusCode, Is.EqualTo((HttpStatusCode)status), await response.TextAsync());
        Assert.That(await response.TextAsync(), Is.EqualTo($$"""{"run":{{run}}}"""));
        Assert.That(response.IsReplay(), Is.False);
    }

    /// <summary>Asserts a replay of that run's answer.</summary>
    public static async Task IsReplayOfAsync(this HttpResponseMessage response, int run, int status = 201)
    {
        Assert.That(response.StatusCode, Is.EqualTo((HttpStatusCode)status), await response.TextAsync());
        Assert.That(await response.TextAsync(), Is.EqualTo($$"""{"run":{{run}}}"""));
        Assert.That(response.IsReplay(), Is.True);
    }

    /// <summary>Asserts problem details (RFC 9457).</summary>
    public static async Task<JsonElement> IsProblemAsync(this HttpResponseMessage response, int status, string code)
    {
        var text = await response.TextAsync();
        Assert.That((int)response.StatusCode, Is.EqualTo(status), text);
        Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/problem+json"), text);

        var problem = JsonElement.Parse(text);
        Assert.Multiple(() =>
        {
            Assert.That(problem.GetProperty("code").GetString(), Is.EqualTo(code));
            Assert.That(problem.GetProperty("status").GetInt32(), Is.EqualTo(status));
            Assert.That(problem.GetProperty("type").GetString(), Does.EndWith(code));
            Assert.That(problem.GetProperty("title").GetString(), Is.Not.Empty);
            Assert.That(problem.GetProperty("detail").GetString(), Is.Not.Empty);
            Assert.That(response.IsReplay(), Is.False);
        });
        return problem;
    }
}
