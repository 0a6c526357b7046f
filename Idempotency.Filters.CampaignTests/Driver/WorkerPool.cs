using System.Collections.Immutable;
using System.Threading.Channels;

namespace Idempotency.Filters.CampaignTests.Driver;

/// <summary>
/// Workers under load, and others that were started ahead: where one dies, another takes its seat at once. It is the list of addresses that
/// clients go round.
/// </summary>
internal sealed class WorkerPool : IAsyncDisposable
{
    private const int Spares = 1;
    private const int MostFailedStarts = 100;
    private static readonly TimeSpan PauseAfterFailedStart = TimeSpan.FromMilliseconds(250);

    private readonly Func<int, Task<WorkerProcess>> _start;
    private readonly int _seats;
    private readonly Channel<WorkerProcess> _spares = Channel.CreateBounded<WorkerProcess>(Spares);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private ImmutableList<WorkerProcess> _live = [];
    private int _numbers;
    private int _failedStarts;
    private volatile int _deaths;

    private WorkerPool(Func<int, Task<WorkerProcess>> start, int seats)
    {
        (_start, _seats) = (start, seats);
        Func<Task>[] loops = [StartSparesAsync, StartSparesAsync, .. Enumerable.Repeat(SeatAsync, seats)];
        _running = Task.WhenAll(loops.Select(RunAsync));
    }

    /// <summary>The workers under load.</summary>
    public IReadOnlyList<WorkerProcess> Live => Volatile.Read(ref _live);

    public bool IsComplete => Live.Count == _seats;

    /// <summary>How many workers have died.</summary>
    public int Deaths => _deaths;

    /// <summary>Whether it gave up: workers do not start any more.</summary>
    public bool HasFailed => _running.IsFaulted;

    public static WorkerPool Start(Func<int, Task<WorkerProcess>> start, int seats) => new(start, seats);

    /// <summary>Any live worker: another one for each turn.</summary>
    public async Task<WorkerProcess> AnyAsync(int turn)
    {
        while (true)
        {
            await Waiting.UntilAsync(() => Live.Count > 0 || HasFailed);
            if (HasFailed)
                await _running;
            // The last one may have died meanwhile.
            if (Live is { Count: > 0 } live)
                return live[turn % live.Count];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _spares.Writer.TryComplete();
        await _running;
        foreach (var worker in Live)
            await worker.DisposeAsync();
        await foreach (var worker in _spares.Reader.ReadAllAsync())
            await worker.DisposeAsync();
        _stop.Dispose();
    }

    /// <summary>Ends all loops when one fails.</summary>
    private async Task RunAsync(Func<Task> loop)
    {
        try
        {
            await loop();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // As it should be.
        }
        catch
        {
            await _stop.CancelAsync();
            throw;
        }
    }

    private async Task StartSparesAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            if (await TryStartAsync() is not { } worker)
                continue;

            try
            {
                await _spares.Writer.WriteAsync(worker, _stop.Token);
            }
            catch (Exception exception) when (exception is OperationCanceledException or ChannelClosedException)
            {
                await worker.DisposeAsync();
            }
        }
    }

    private async Task<WorkerProcess?> TryStartAsync()
    {
        try
        {
            return await _start(Interlocked.Increment(ref _numbers));
        }
        // While the database is away, a worker may refuse to start.
        catch (InvalidOperationException) when (Interlocked.Increment(ref _failedStarts) < MostFailedStarts)
        {
            await Task.Delay(PauseAfterFailedStart);
            return null;
        }
    }

    private async Task SeatAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var worker = await _spares.Reader.ReadAsync(_stop.Token);
            ImmutableInterlocked.Update(ref _live, live => live.Add(worker));
            await worker.Ended.WaitAsync(_stop.Token);
            ImmutableInterlocked.Update(ref _live, live => live.Remove(worker));
            Interlocked.Increment(ref _deaths);
            await worker.DisposeAsync();
        }
    }
}
