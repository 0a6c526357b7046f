using System.Buffers;
using Idempotency.Filters.Records;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Memory;
using Microsoft.Extensions.Logging.Abstractions;

namespace Idempotency.Filters.Tests.Support;

/// <summary>
/// The in-memory store, which says that it can commit records with the application's data, and notes what it is asked to do. It has no
/// data: the tests look at the calls.
/// </summary>
internal sealed class TransactionalStore : IIdempotencyStore
{
    private readonly MemoryIdempotencyStore _inner =
        new(new MemoryStoreOptions(), TimeProvider.System, NullLogger<MemoryIdempotencyStore>.Instance);

    private readonly List<string> _calls = [];
    private int _completions;
    private int _waits;

    /// <summary>Called before a claim; may throw.</summary>
    public Action? OnClaim { get; set; }

    /// <summary>Called before the action runs; may throw.</summary>
    public Action? OnRun { get; set; }

    public Func<Exception, Exception?>? OnExplain { get; set; }

    /// <summary>Answers a completion, given its number from 1, in place of the store; null = the store answers.</summary>
    public Func<int, Completion?>? OnComplete { get; set; }

    /// <summary>How many requests wait, or have waited, for a key.</summary>
    public int Waits => Volatile.Read(ref _waits);

    /// <summary>What was called, in order.</summary>
    public string Calls
    {
        get
        {
            lock (_calls)
                return string.Join(' ', _calls);
        }
    }

    public void Note(string call)
    {
        lock (_calls)
            _calls.Add(call);
    }

    public void ForgetCalls()
    {
        lock (_calls)
            _calls.Clear();
    }

    public string? ObjectionTo(in ClaimOptions options) => null;

    public async ValueTask<ClaimResult> ClaimAsync(StorageKey key, ClaimOptions options, CancellationToken cancellationToken)
    {
        Note("claim");
        OnClaim?.Invoke();
        return Wrap(await _inner.ClaimAsync(key, options, cancellationToken));
    }

    public async ValueTask<ClaimResult> WaitAsync(
        StorageKey key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var waiting = _inner.WaitAsync(key, options, timeout, cancellationToken);
        Interlocked.Increment(ref _waits);
        return Wrap(await waiting);
    }

    private ClaimResult Wrap(ClaimResult result) =>
        result.Claim is { } claim ? ClaimResult.Acquired(new Claim(this, claim)) : result;

    private sealed class Claim(TransactionalStore store, IdempotencyClaim inner) : IdempotencyClaim
    {
        public override CancellationToken Lost => inner.Lost;

        public override long? FencingToken => inner.FencingToken;

        public override ReadOnlySequence<byte>? PreviousRecord => inner.PreviousRecord;

        public override async ValueTask RunAsync(Func<Task> action)
        {
            store.Note("begin");
            store.OnRun?.Invoke();
            await action();
            store.Note("ran");
        }

        public override Exception? Explain(Exception failure) => store.OnExplain?.Invoke(failure);

        public override ValueTask RollBackAsync()
        {
            store.Note("rollback");
            return default;
        }

        public override async ValueTask<Completion> CompleteAsync(
            ReadOnlySequence<byte> record, TimeSpan? retention, CancellationToken cancellationToken)
        {
            Assert.That(ResponseRecord.TryRead(record, out var written, out _));
            store.Note(written.Flags is RecordFlags.None ? "complete" : $"complete:{written.Flags}");
            return store.OnComplete?.Invoke(Interlocked.Increment(ref store._completions))
                ?? await inner.CompleteAsync(record, retention, cancellationToken);
        }

        public override void Abandon()
        {
            store.Note("abandon");
            inner.Abandon();
        }

        public override ValueTask DisposeAsync()
        {
            store.Note("dispose");
            return inner.DisposeAsync();
        }
    }
}
