using System.Diagnostics;
using System.Runtime.InteropServices;
using Idempotency.Filters.CampaignWorker.History;

namespace Idempotency.Filters.CampaignWorker;

/// <summary>Logs the points that requests reach, and kills this process at the one that a request names.</summary>
public sealed class CrashPoints(IHttpContextAccessor requests, HistoryFile history, WorkerSettings settings)
{
    private const int KillSignal = 9;
    private static readonly TimeSpan LongestCommit = TimeSpan.FromMilliseconds(3);

    /// <summary>The current request comes to this point.</summary>
    public void Reach(CrashPoint point)
    {
        if (requests.HttpContext is { } http)
            Reach(point, http);
    }

    public void Reach(CrashPoint point, HttpContext http)
    {
        var key = KeyOf(http);
        history.Write(new() { Kind = HistoryEventKind.Reached, Key = key, Worker = settings.Number, Point = point });
        if (http.Request.Headers["Crash-At"] != point.ToString())
            return;

        if (point is CrashPoint.DuringCommit)
            new Thread(() => DieSoon(key)).Start();
        else
            Die(point, key);
    }

    public static string KeyOf(HttpContext http) => http.Request.Headers["Idempotency-Key"].ToString();

    // What is on its way takes about as long, so that it dies at any moment of it.
    private void DieSoon(string key)
    {
        var delay = LongestCommit * Random.Shared.NextDouble();
        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(since) < delay)
            Thread.SpinWait(10);
        Die(CrashPoint.DuringCommit, key);
    }

    private void Die(CrashPoint point, string key)
    {
        history.Write(new() { Kind = HistoryEventKind.WorkerKilled, Key = key, Worker = settings.Number, Point = point });
        _ = Kill(Environment.ProcessId, KillSignal);
    }

    // Not Environment.FailFast: that aborts, and runs handlers before it does.
    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
