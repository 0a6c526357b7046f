using Idempotency.Filters.CampaignTests.Databases;

namespace Idempotency.Filters.CampaignTests.Driver;

/// <summary>Kills workers at random instants and at named points, and stops workers or takes the database away now and then.</summary>
internal sealed class Killer(CampaignRun run, WorkerPool pool, CampaignClients clients, CampaignDatabase database, HistoryFile history)
{
    // So that each crash meets a system that works.
    private const int KeysBetweenKills = 3;
    private const int LongestPause = 60;
    private const int MostKeysOfAnOrder = 40;
    private static readonly CrashPoint[] Points = Enum.GetValues<CrashPoint>();

    private readonly Random _random = new(unchecked(run.Seed * 31 + run.Part));
    private readonly Queue<CrashPoint> _points = [];

    public async Task RunAsync()
    {
        while (pool.Deaths < run.Kills)
        {
            await QuietAsync();
            if (database.CanFail && _random.Next(12) == 0)
                await FailDatabaseAsync();
            else if (run.Mode.IsTransactional && _random.Next(15) == 0)
                await PauseWorkerAsync();
            else if (_random.Next(4) == 0)
                await KillAtRandomInstantAsync();
            else
                await KillAtPointAsync(NextPoint());
        }
    }

    /// <summary>Each point as often as the others, in an order that the seed decides.</summary>
    private CrashPoint NextPoint()
    {
        if (_points.Count == 0)
        {
            var round = Points.ToArray();
            _random.Shuffle(round);
            foreach (var point in round)
                _points.Enqueue(point);
        }

        return _points.Dequeue();
    }

    private async Task QuietAsync()
    {
        var done = clients.Done + KeysBetweenKills;
        await Waiting.UntilAsync(() => (pool.IsComplete && clients.Done >= done) || HasFailed);
        if (HasFailed)
            throw new InvalidOperationException("The campaign broke off.");
    }

    private bool HasFailed => pool.HasFailed || clients.HasFailed;

    private async Task KillAtRandomInstantAsync()
    {
        await Task.Delay(_random.Next(LongestPause));
        var worker = await pool.AnyAsync(_random.Next(1000));
        var deaths = pool.Deaths;
        history.Write(new() { Kind = HistoryEventKind.WorkerKilled, Worker = worker.Number });
        worker.Kill();
        await Waiting.UntilAsync(() => pool.Deaths > deaths || HasFailed);
    }

    private async Task KillAtPointAsync(CrashPoint point)
    {
        var (deaths, done) = (pool.Deaths, clients.Done + MostKeysOfAnOrder);
        clients.Order(point);
        // A request that is replayed, or refused, never comes to its point.
        await Waiting.UntilAsync(() => pool.Deaths > deaths || clients.Done > done || HasFailed);
    }

    // Longer than its lease: others take its keys over where they can, and when it wakes it goes on as if nothing had happened.
    private async Task PauseWorkerAsync()
    {
        var worker = await pool.AnyAsync(_random.Next(1000));
        history.Write(new() { Kind = HistoryEventKind.WorkerPaused, Worker = worker.Number });
        await worker.PauseAsync();
        await Task.Delay(run.Mode.Lease * (1 + _random.NextDouble()));
        await worker.ResumeAsync();
    }

    private async Task FailDatabaseAsync()
    {
        var fault = database.Faults[_random.Next(database.Faults.Count)];
        var pause = TimeSpan.FromMilliseconds(_random.Next(100, 1500));
        history.Write(new() { Kind = HistoryEventKind.DatabaseDown, Answer = fault.Name });
        await fault.RunAsync(pause);
        history.Write(new() { Kind = HistoryEventKind.DatabaseUp, Answer = fault.Name });
    }
}
