using System.Buffers;
using Idempotency.Filters.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace Idempotency.Filters.Tests.Support;

/// <summary>The in-memory store, with every call open to a test that wants it to fail.</summary>
internal sealed class FaultyStore(TimeProvider? clock = null) : IIdempotencyStore
{
    private readonly MemoryIdempotencyStore _inner =
        new(new MemoryStoreOptions(), clock ?? TimeProvider.System, NullLogger<MemoryIdempotencyStore>.Instance);

    /// <summary>Answers a claim in place of the store; null = the store answers.</summary>
    public Func<ClaimResult?>? OnClaim { get; set; }

    /// <summary>Answers an attempt to complete, given its number from 1, in place of the store; null = the store answers.</summary>
    public Func<int, Completion?>? OnComplete { get; set; }

    public Action? OnRelease { get; set; }

    public Action? OnAbandon { get; set; }

    /// <summary>Replaces what the claim says of its lease.</summary>
    public CancellationToken? Lost { get; set; }

    public int Attempts { get; private set; }

    public int Released { get; private set; }

    public int Abandoned { get; private set; }

    public List<ReadOnlySequence<byte>> Records { get; } = [];

    public ValueTask<ClaimResult> ClaimAsync(string key, ClaimOptions options, CancellationToken cancellationToken) =>
        OnClaim?.Invoke() is { } result ? new(result) : WrapAsync(_inner.ClaimAsync(key, options, cancellationToken));

    public ValueTask<ClaimResult> WaitAsync(string key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken) =>
        WrapAsync(_inner.WaitAsync(key, options, timeout, cancellationToken));

    private async ValueTask<ClaimResult> WrapAsync(ValueTask<ClaimResult> claiming)
    {
        var result = await claiming;
        return result.Claim is { } claim ? ClaimResult.Acquired(new FaultyClaim(this, claim)) : result;
    }

    private sealed class FaultyClaim(FaultyStore store, IdempotencyClaim inner) : IdempotencyClaim
    {
        public override CancellationToken Lost => store.Lost ?? inner.Lost;

        public override long? FencingToken => inner.FencingToken;

        public override ReadOnlySequence<byte>? PreviousRecord => inner.PreviousRecord;

        public override async ValueTask<Completion> CompleteAsync(
            ReadOnlySequence<byte> record, TimeSpan? retention, CancellationToken cancellationToken)
        {
            store.Records.Add(record);
            store.Attempts++;
            return store.OnComplete?.Invoke(store.Attempts) is { } completion
                ? completion
                : await inner.CompleteAsync(record, retention, cancellationToken);
        }

        public override void Abandon()
        {
            store.Abandoned++;
            store.OnAbandon?.Invoke();
            inner.Abandon();
        }

        public override ValueTask DisposeAsync()
        {
            store.Released++;
            store.OnRelease?.Invoke();
            return inner.DisposeAsync();
        }
    }
}
