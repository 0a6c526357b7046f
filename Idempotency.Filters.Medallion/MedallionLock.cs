using Idempotency.Filters.Stores;
using Medallion.Threading;

namespace Idempotency.Filters.Medallion;

/// <summary>A lock of each name from a provider, which keeps it alive by itself while its handle is held.</summary>
internal sealed class MedallionLock(IDistributedLockProvider provider) : IIdempotencyLock
{
    public async ValueTask<IdempotencyLockHandle?> TryAcquireAsync(string name, CancellationToken cancellationToken)
    {
        if (await provider.CreateLock(name).TryAcquireAsync(TimeSpan.Zero, cancellationToken) is not { } acquired)
            return null;

        try
        {
            return new Handle(acquired);
        }
        catch
        {
            await acquired.DisposeAsync();
            throw;
        }
    }

    private sealed class Handle(IDistributedSynchronizationHandle acquired) : IdempotencyLockHandle
    {
        // Asked for at once: some providers begin to watch only then, and none tells any more after the handle is disposed.
        public override CancellationToken Lost { get; } = LostTokenOf(acquired);

        public override ValueTask DisposeAsync() => acquired.DisposeAsync();

        private static CancellationToken LostTokenOf(IDistributedSynchronizationHandle acquired)
        {
            try
            {
                return acquired.HandleLostToken;
            }
            catch (NotSupportedException)
            {
                return CancellationToken.None;
            }
        }
    }
}
