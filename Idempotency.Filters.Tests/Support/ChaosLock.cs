using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.DistributedCache;

namespace Idempotency.Filters.Tests.Support;

/// <summary>A lock whose calls <c>lock</c> and <c>unlock</c> fail as a test wants, and which can be lost.</summary>
internal sealed class ChaosLock(IIdempotencyLock inner, Chaos chaos) : IIdempotencyLock
{
    private readonly CancellationTokenSource _lost = new();
    private IdempotencyLockHandle? _last;

    public ChaosLock(Chaos chaos)
        : this(new InProcessLock(), chaos)
    {
    }

    public List<string> Names { get; } = [];

    /// <summary>What was acquired last is lost: others can acquire it, and its holder is told.</summary>
    public async Task LoseAsync()
    {
        await LoseUnnoticedAsync();
        await _lost.CancelAsync();
    }

    /// <summary>The holder of what was acquired last is told that it lost it, and nobody else can acquire it.</summary>
    public Task LoseInNameOnlyAsync() => _lost.CancelAsync();

    /// <summary>As <see cref="LoseAsync"/>, and its holder is not told.</summary>
    public ValueTask LoseUnnoticedAsync() => _last!.DisposeAsync();

    public ValueTask<IdempotencyLockHandle?> TryAcquireAsync(string name, CancellationToken cancellationToken) => new(chaos.RunAsync("lock", async () =>
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
