using System.Collections.Concurrent;

namespace Idempotency.Filters.ProcessTests.Support;

/// <summary>
/// Users who go on until they are stopped: each takes a new key, sends three equal requests at a time to different processes, and all again
/// until they are answered.
/// </summary>
internal sealed class Load
{
    private const int Users = 8;
    private const int RequestsAtATime = 3;

    private readonly IReadOnlyList<WorkerProcess> _workers;
    private readonly ConcurrentDictionary<string, string[]> _answers = [];
    private readonly Task _running;
    private volatile bool _stopped;

    private Load(IReadOnlyList<WorkerProcess> workers)
    {
        _workers = workers;
        _running = Task.WhenAll(Enumerable.Range(0, Users).Select(UseAsync));
    }

    public RetryingClient Client { get; } = new();

    /// <summary>The answers to each key that was answered.</summary>
    public IReadOnlyDictionary<string, string[]> Answers => _answers;

    public static Load Start(IReadOnlyList<WorkerProcess> workers) => new([.. workers]);

    /// <summary>Returns when further keys were answered, as many as this.</summary>
    public Task AnsweredAsync(int further)
    {
        var count = _answers.Count + further;
        return Waiting.UntilAsync(() => _answers.Count >= count || _running.IsCompleted);
    }

    /// <summary>Stops, when what was begun is answered.</summary>
    public Task StopAsync()
    {
        _stopped = true;
        return _running;
    }

    private async Task UseAsync(int user)
    {
        for (var number = user; !_stopped; number += Users)
        {
            var key = $"load-{number}";
            var path = number % 2 == 0 ? "/work?ms=20" : "/wait?ms=20";
            _answers[key] = await Task.WhenAll(Enumerable.Range(number, RequestsAtATime)
                .Select(i => Client.GetAnswerAsync(_workers[i % _workers.Count], path, key)));
        }
    }
}
