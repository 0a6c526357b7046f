using System.Buffers;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Tests.Support;

/// <summary>
/// A remote store whose <c>claim</c>, <c>complete</c> and <c>release</c> calls fail on the way on demand. Like every store, it bounds its
/// calls in time, releases a claim that was granted too late, and repeats a release until it succeeds.
/// </summary>
internal sealed class ChaosStore(IIdempotencyStore inner, Chaos chaos) : IIdempotencyStore
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    public async ValueTask<ClaimResult> ClaimAsync(StorageKey key, ClaimOptions options, CancellationToken cancellationToken)
    {
        IdempotencyClaim? granted = null;
        var claiming = chaos.RunAsync("claim", async () =>
        {
            var result = await inner.ClaimAsync(key, options, CancellationToken.None);
            granted = result.Claim;
            return result;
        });
        try
        {
            var result = await claiming.WaitAsync(Limit, cancellationToken);
            return granted is null ? result : ClaimResult.Acquired(new Claim(granted, chaos));
        }
        catch
        {
            _ = GiveBackAsync();
            throw;
        }

        async Task GiveBackAsync()
        {
            await ((Task)claiming).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (granted is not null)
                await granted.DisposeAsync();
        }
    }

    public ValueTask<ClaimResult> WaitAsync(StorageKey key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    private sealed class Claim(IdempotencyClaim inner, Chaos chaos) : IdempotencyClaim
    {
        public override CancellationToken Lost => inner.Lost;

        public override long? FencingToken => inner.FencingToken;

        public override ReadOnlySequence<byte>? PreviousRecord => inner.PreviousRecord;

        public override async ValueTask<Completion> CompleteAsync(
            ReadOnlySequence<byte> record, TimeSpan? retention, CancellationToken cancellationToken) =>
            await chaos.RunAsync("complete", () => inner.CompleteAsync(record, retention, CancellationToken.None))
                .WaitAsync(Limit, cancellationToken);

        public override void Abandon() => inner.Abandon();

        public override async ValueTask DisposeAsync()
        {
            try
            {
                await ReleaseAsync();
            }
            catch
            {
                _ = ReleaseAgainAsync();
                throw;
            }
        }

        private Task<bool> ReleaseAsync() => chaos.RunAsync("release", async () =>
        {
            await inner.DisposeAsync();
            return true;
        }).WaitAsync(Limit);

        private async Task ReleaseAgainAsync()
        {
            for (var released = false; !released;)
            {
                await Task.Delay(50);
                var releasing = ReleaseAsync();
                await ((Task)releasing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                released = releasing.IsCompletedSuccessfully;
            }
        }
    }
}
