using Idempotency.Filters.Stores.Shared;

namespace Idempotency.Filters.Stores.Memory;

/// <summary>
/// One request that waits for a key. Whatever takes it out of the queue, under the lock of the shard, decides its answer.
/// </summary>
internal sealed class MemoryWaiter : TaskCompletionSource<ClaimResult>
{
    private readonly MemoryShard _shard;
    private readonly ClaimOptions _options;

    public MemoryWaiter(MemoryShard shard, in ClaimOptions options)
        : base(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        _shard = shard;
        _options = options;
        Node = new(this);
    }

    public ref readonly ClaimOptions Options => ref _options;

    public LinkedListNode<MemoryWaiter> Node { get; }

    /// <summary>The entry it waits for. Null before it is queued, and once its answer is decided.</summary>
    public MemoryEntry? Entry { get; set; }

    public async ValueTask<ClaimResult> WaitAsync(StoreClock clock, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var timer = clock.StartTimer(() => _shard.TimeOut(this), timeout);
        using var registration = cancellationToken.UnsafeRegister(
            static (waiter, token) => ((MemoryWaiter)waiter!)._shard.Cancel((MemoryWaiter)waiter, token), this);

        return await Task;
    }
}
