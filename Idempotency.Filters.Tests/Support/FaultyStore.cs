using System.Buffers;
using System.Collections.Concurrent;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Memory;
using Microsoft.Extensions.Logging.Abstractions;

namespace Idempotency.Filters.Tests.Support;

/// <summary>The in-memory store, with hooks that let a test fail every call.</summary>
internal sealed class FaultyStore(TimeProvider? clock = null) : IIdempotencyStore
{
    private readonly MemoryIdempotencyStore _inner =
        new(new MemoryStoreOptions(), clock ?? TimeProvider.System, NullLogger<MemoryIdempotencyStore>.Instance);

    private int _attempts;
    private int _completed;
    private int _released;
    private int _abandoned;
    private int _waits;
    private int _waitsCancelled;

    /// <summary>Answers a claim in place of the store; null = the store answers.</summary>
    public Func<ClaimResult?>? OnClaim { get; set; }

    /// <summary>Answers an attempt to complete, given its number from 1, in place of the store; null = the store answers.</summary>
    public Func<int, Completion?>? OnComplete { get; set; }

    public Action? OnRelease { get; set; }

    public Action? OnAbandon { get; set; }

    /// <summary>Replaces the token that signals a lost lease.</summary>
    public CancellationToken? Lost { get; set; }

    /// <summary>How often completing a claim was tried.</summary>
    public int Attempts => Volatile.Read(ref _attempts);

    /// <summary>How often the inner store stored a record, which retries then find.</summary>
    public int Completed => Volatile.Read(ref _completed);

    /// <summary>How often a claim was disposed, completed or not.</summary>
    public int Released => Volatile.Read(ref _released);

    public int Abandoned => Volatile.Read(ref _abandoned);

    /// <summary>How many requests waited for a key.</summary>
    public int Waits => Volatile.Read(ref _waits);

    public int WaitsCancelled => Volatile.Read(ref _waitsCancelled);

    /// <summary>Copies of the records passed in to be stored.</summary>
    public ConcurrentQueue<ReadOnlySequence<byte>> Records { get; } = [];

    /// <summary>The records passed in to be stored. Each is valid only during its call, or while a call that failed may read it.</summary>
    public ConcurrentQueue<ReadOnlySequence<byte>> Buffers { get; } = [];

    public ValueTask<ClaimResult> ClaimAsync(StorageKey key, ClaimOptions options, CancellationToken cancellationToken) =>
        OnClaim?.Invoke() is { } result ? new(result) : WrapAsync(_inner.ClaimAsync(key, options, cancellationToken));

    public async ValueTask<ClaimResult> WaitAsync(
        StorageKey key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var waiting = _inner.WaitAsync(key, options, timeout, cancellationToken);
        Interlocked.Increment(ref _waits);
        try
        {
            return await WrapAsync(waiting);
        }
        catch (OperationCanceledException)
        {
            Interlocked.Increment(ref _waitsCancelled);
            throw;
        }
    }

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
            store.Records.Enqueue(new(record.ToArray()));
            store.Buffers.Enqueue(record);
            var attempt = Interlocked.Increment(ref store._attempts);
            if (store.OnComplete?.Invoke(attempt) is { } answer)
                return answer;

            var completion = await inner.CompleteAsync(record, retention, cancellationToken);
            Interlocked.Increment(ref store._completed);
            return completion;
        }

        public override void Abandon()
        {
            Interlocked.Increment(ref store._abandoned);
            store.OnAbandon?.Invoke();
            inner.Abandon();
        }

        public override async ValueTask DisposeAsync()
        {
            try
            {
                store.OnRelease?.Invoke();
                await inner.DisposeAsync();
            }
            finally
            {
                Interlocked.Increment(ref store._released);
            }
        }
    }
}
