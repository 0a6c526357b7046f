using Idempotency.Filters.Stores;
using Medallion.Threading;

namespace Idempotency.Filters.Medallion;

/// <summary>Takes locks from a provider, which keeps each one alive while its handle is held.</summary>
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
        // Read the token now: some providers begin to watch only then, and a disposed handle no longer has one.
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
