using System.Net;
using System.Text.Json;
using Idempotency.Filters.CampaignTests.History;

namespace Idempotency.Filters.CampaignTests.Driver;

/// <summary>
/// Does what clients are to do: sends its request again, with the same key and to whichever worker there is, until it has a final answer.
/// </summary>
internal sealed class CampaignClient(WorkerPool pool, HistoryFile history)
{
    private const string OutcomeUnknown = "409 outcome-unknown";
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);

    // Far longer than any lease and any outage. A client that gives up has no final answer, which is a violation.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <param name="client">Which of the clients that use this key.</param>
    /// <param name="key">The key.</param>
    /// <param name="path">What to ask.</param>
    /// <param name="crashAt">Where the first worker is to die; null = nowhere.</param>
    public async Task AskAsync(int client, string key, string path, CrashPoint? crashAt)
    {
        var end = DateTimeOffset.UtcNow + Patience;
        for (var attempt = 0; DateTimeOffset.UtcNow < end; attempt++)
        {
            var worker = await pool.AnyAsync(client + attempt);
            history.Write(new() { Kind = HistoryEventKind.Sent, Key = key, Client = client, Worker = worker.Number });
            var (kind, seen) = await TryAsync(worker, path, key, attempt == 0 ? crashAt : null);
            history.Write(new() { Kind = kind, Key = key, Client = client, Worker = worker.Number, Answer = seen });
            if (kind is not HistoryEventKind.Retried)
                return;
            await Task.Delay(attempt < 10 ? ShortestPause * (attempt + 1) : LongestPause);
        }
    }

    private static async Task<(HistoryEventKind Kind, string Seen)> TryAsync(
        WorkerProcess worker, string path, string key, CrashPoint? crashAt)
    {
        try
        {
            using var response = await worker.PostAsync(path, key, crashAt);
            var body = await response.Content.ReadAsStringAsync();
            if (response.StatusCode is HttpStatusCode.OK)
                return (HistoryEventKind.Answered, body);

            var seen = Problem(response, body);
            if (seen == OutcomeUnknown)
                return (HistoryEventKind.Blocked, seen);
            // What else is no success is final, too, and belongs to no effect: a violation.
            var isRetried = seen == KeyHistory.InFlight || (int)response.StatusCode >= 500;
            return (isRetried ? HistoryEventKind.Retried : HistoryEventKind.Answered, seen);
        }
        // A worker that died may be disposed of by now.
        catch (Exception exception)
            when (exception is HttpRequestException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            return (HistoryEventKind.Retried, "nothing");
        }
    }

    private static string Problem(HttpResponseMessage response, string body)
    {
        var isProblem = response.Content.Headers.ContentType?.MediaType == "application/problem+json";
        var code = isProblem && JsonElement.Parse(body).TryGetProperty("code", out var value) ? value.GetString() : null;
        return $"{(int)response.StatusCode} {code}".TrimEnd();
    }
}
