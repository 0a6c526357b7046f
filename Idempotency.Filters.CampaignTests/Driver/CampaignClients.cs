using System.Collections.Concurrent;

namespace Idempotency.Filters.CampaignTests.Driver;

/// <summary>
/// Users who go on until they are stopped. Each takes a new key, and sends it from two clients, which ask again until they have their final
/// answer.
/// </summary>
internal sealed class CampaignClients
{
    // Enough that some of them go on while others wait for the keys of dead workers.
    private const int Users = 12;
    private const int ClientsOfKey = 2;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly CampaignClient _client;
    private readonly CampaignRun _run;
    private readonly ConcurrentQueue<CrashPoint> _orders = [];
    private readonly ConcurrentQueue<(string Key, string Path)> _answered = [];
    private readonly Task _running;
    private volatile bool _stopped;

    private CampaignClients(CampaignClient client, CampaignRun run)
    {
        (_client, _run) = (client, run);
        _running = Task.WhenAll(Enumerable.Range(0, Users).Select(UseAsync));
    }

    /// <summary>How many keys are done with.</summary>
    public int Done => _answered.Count;

    public bool HasFailed => _running.IsFaulted;

    public static CampaignClients Start(CampaignClient client, CampaignRun run) => new(client, run);

    /// <summary>The next new key tells its worker to die at this point.</summary>
    public void Order(CrashPoint point) => _orders.Enqueue(point);

    /// <summary>Stops, when every client has its final answer.</summary>
    public Task StopAsync()
    {
        _stopped = true;
        return _running;
    }

    /// <summary>Asks for every key once more, after all crashes: the answer must be the same.</summary>
    public Task AskAgainAsync() => Parallel.ForEachAsync(
        _answered,
        new ParallelOptions { MaxDegreeOfParallelism = Users },
        async (asked, _) => await _client.AskAsync(ClientsOfKey, asked.Key, asked.Path, crashAt: null));

    private async Task UseAsync(int user)
    {
        // Of its own, so that what a user does follows from the seed, whatever the others do.
        var random = new Random(HashCode(_run.Seed, _run.Part, user));
        for (var number = 0; !_stopped; number++)
        {
            var key = $"{_run.Seed}-{_run.Part}-{user}-{number}";
            var path = $"{_run.Paths[number % _run.Paths.Count]}?ms={random.Next(15)}";
            CrashPoint? crashAt = _orders.TryDequeue(out var point) ? point : null;
            await Task.WhenAll(Enumerable.Range(0, ClientsOfKey).Select(client => _client.AskAsync(client, key, path, crashAt)));
            _answered.Enqueue((key, path));
            await Task.Delay(Pause);
        }
    }

    // HashCode.Combine differs from process to process.
    private static int HashCode(int seed, int part, int user) => unchecked((seed * 31 + part) * 31 + user);
}
