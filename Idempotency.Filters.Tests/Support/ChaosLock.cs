using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.DistributedCache;

namespace Idempotency.Filters.Tests.Support;

/// <summary>A lock whose <c>lock</c> and <c>unlock</c> calls fail on demand, and which can be lost.</summary>
internal sealed class ChaosLock(IIdempotencyLock inner, Chaos chaos) : IIdempotencyLock
{
    private readonly CancellationTokenSource _lost = new();
    private IdempotencyLockHandle? _last;

    public ChaosLock(Chaos chaos)
        : this(new InProcessLock(), chaos)
    {
    }

    public List<string> Names { get; } = [];

    /// <summary>Loses the last acquired lock: others can acquire it, and its holder is notified.</summary>
    public async Task LoseAsync()
    {
        await LoseUnnoticedAsync();
        await _lost.CancelAsync();
    }

    /// <summary>Notifies the holder of the last acquired lock that it is lost, but others cannot acquire it.</summary>
    public Task LoseInNameOnlyAsync() => _lost.CancelAsync();

    /// <summary>Loses the last acquired lock without notifying its holder.</summary>
    public ValueTask LoseUnnoticedAsync() => _last!.DisposeAsync();

    public ValueTask<IdempotencyLockHandle?> TryAcquireAsync(
        string name, CancellationToken cancellationToken) => new(chaos.RunAsync("lock", async () =>
    {
        Names.Add(name);
        if (await inner.TryAcquireAsync(name, CancellationToken.None) is not { } handle)
            return null;

        _last = handle;
        return (IdempotencyLockHandle?)new Handle(handle, chaos, _lost.IsCancellationRequested ? CancellationToken.None : _lost.Token);
    }));

    private sealed class Handle(IdempotencyLockHandle inner, Chaos chaos, CancellationToken lost) : IdempotencyLockHandle
    {
        public override CancellationToken Lost => lost;

        public override ValueTask DisposeAsync() => new(chaos.RunAsync("unlock", async () =>
        {
            await inner.DisposeAsync();
            return true;
        }));
    }
}
