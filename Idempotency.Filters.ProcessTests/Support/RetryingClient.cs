using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;

namespace Idempotency.Filters.ProcessTests.Support;

/// <summary>
/// Does what clients are to do: sends its request again, with the same key, until it is answered. Any number of requests at a time.
/// </summary>
internal sealed class RetryingClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    private readonly ConcurrentDictionary<string, int> _seen = [];

    /// <summary>What it got, and how often: <c>200</c>, <c>409 in-flight</c>, <c>503 store-unavailable</c>, or <c>nothing</c>.</summary>
    public IReadOnlyDictionary<string, int> Seen => _seen;

    /// <returns>The answer, as text that can be compared.</returns>
    public async Task<string> GetAnswerAsync(WorkerProcess worker, string path, string key)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var (seen, answer) = await TryAsync(worker, path, key);
            _seen.AddOrUpdate(seen, 1, (_, count) => count + 1);
            if (answer is not null)
                return answer;
            await Task.Delay(Pause, patience.Token);
        }
    }

    private static async Task<(string Seen, string? Answer)> TryAsync(WorkerProcess worker, string path, string key)
    {
        try
        {
            using var response = await worker.PostAsync(path, key);
            var body = await response.Content.ReadAsByteArrayAsync();
            return response.StatusCode is HttpStatusCode.OK ? ("200", Convert.ToHexString(body)) : (Problem(response, body), null);
        }
        catch (HttpRequestException)
        {
            return ("nothing", null);
        }
    }

    private static string Problem(HttpResponseMessage response, byte[] body)
    {
        var code = JsonElement.Parse(body).GetProperty("code").GetString();
        return $"{(int)response.StatusCode} {code}{(response.Headers.RetryAfter is null ? " without Retry-After" : "")}";
    }
}
