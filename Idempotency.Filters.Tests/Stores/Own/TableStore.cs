using System.Buffers;
using Idempotency.Filters;
using Idempotency.Filters.Stores;

namespace Shop;

/// <summary>
/// Keeps a row for each key. Here the rows are in this process; in a database, each method under the lock is a transaction.
/// </summary>
public sealed class TableStore(TimeProvider time) : IIdempotencyStore
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(50);

    private readonly Dictionary<string, Row> _rows = [];
    private readonly Lock _lock = new();

    public ValueTask<ClaimResult> ClaimAsync(StorageKey key, ClaimOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(Claim(key.Value, options));
    }

    // Asks again and again. A store that can send messages wakes its waiters instead.
    public async ValueTask<ClaimResult> WaitAsync(
        StorageKey key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var end = time.GetUtcNow() + timeout;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var result = Claim(key.Value, options);
            if (result.Outcome is not ClaimOutcome.InFlight || time.GetUtcNow() >= end)
                return result;

            await Task.Delay(PollEvery, time, cancellationToken);
        }
    }

    private ClaimResult Claim(string key, in ClaimOptions options)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            var row = _rows.TryGetValue(key, out var found) ? found : new Row();

            // A record that is over is none. A real table also needs a job that deletes such rows: nobody may ever ask for them again.
            if (row.RecordEnds <= now)
                (row.Record, row.RecordEnds) = (null, null);

            if (row.Record is { } record && !options.OverCompleted)
                return ClaimResult.Completed(new(record));
            if (row.Owner is not null && row.LeaseEnds > now)
                return ClaimResult.InFlight;
            // Its holder vanished, and nobody knows what it did. With a record there is still the answer of the run before.
            if (row is { Owner: not null, Record: null, Blocks: true } && (row.BlockFor is null || row.LeaseEnds + row.BlockFor > now))
                return ClaimResult.Interrupted;

            row.Owner = Guid.NewGuid();
            row.LeaseEnds = now + options.Lease;
            (row.Blocks, row.BlockFor) = (options.WhenInterrupted is InterruptedBehavior.Block, options.BlockFor);
            _rows[key] = row;
            return ClaimResult.Acquired(new TableClaim(this, time, key, row.Owner.Value, options, row.Record));
        }
    }

    // Each of these does something only while the row carries this owner, so that a holder that comes too late disturbs nobody.
    private bool Renew(string key, Guid owner, DateTimeOffset leaseEnds)
    {
        lock (_lock)
        {
            if (!_rows.TryGetValue(key, out var row) || row.Owner != owner)
                return false;

            row.LeaseEnds = leaseEnds;
            return leaseEnds > time.GetUtcNow();
        }
    }

    private Completion Complete(string key, Guid owner, byte[] record, TimeSpan? retention)
    {
        lock (_lock)
        {
            var isLost = !_rows.TryGetValue(key, out var row);
            row ??= new Row { Owner = owner };
            // The same holder again: the answer to its first attempt did not reach it.
            if (row.Owner != owner && row.CompletedBy != owner)
                return Completion.LeaseLost;

            (row.Owner, row.CompletedBy) = (null, owner);
            (row.Record, row.RecordEnds) = (record, time.GetUtcNow() + retention);
            _rows[key] = row;
            return isLost ? Completion.Restored : Completion.Stored;
        }
    }

    private void Release(string key, Guid owner)
    {
        lock (_lock)
        {
            if (!_rows.TryGetValue(key, out var row) || row.Owner != owner)
                return;

            row.Owner = null;
            if (row.Record is null)
                _rows.Remove(key);
        }
    }

    private sealed class Row
    {
        /// <summary>Who has the key; null = nobody.</summary>
        public Guid? Owner { get; set; }

        public DateTimeOffset LeaseEnds { get; set; }

        /// <summary>Whether the key stays closed when the lease ends, and for how long then; null = for ever.</summary>
        public bool Blocks { get; set; }

        public TimeSpan? BlockFor { get; set; }

        public byte[]? Record { get; set; }

        /// <summary>Null = never.</summary>
        public DateTimeOffset? RecordEnds { get; set; }

        public Guid? CompletedBy { get; set; }
    }

    private sealed class TableClaim : IdempotencyClaim
    {
        private readonly TableStore _store;
        private readonly TimeProvider _time;
        private readonly string _key;
        private readonly Guid _owner;
        private readonly TimeSpan _lease;
        private readonly DateTimeOffset? _lastRenewal;
        private readonly CancellationTokenSource _lost = new();
        private readonly ITimer _renewal;
        private bool _isOver;

        public TableClaim(TableStore store, TimeProvider time, string key, Guid owner, in ClaimOptions options, byte[]? previous)
        {
            (_store, _key, _owner, _lease) = (store, key, owner, options.Lease);
            _time = time;
            _lastRenewal = time.GetUtcNow() + options.RenewFor;
            PreviousRecord = previous is null ? null : new ReadOnlySequence<byte>(previous);
            _renewal = time.CreateTimer(_ => Renew(), null, _lease / 3, _lease / 3);
        }

        public override CancellationToken Lost => _lost.Token;

        public override long? FencingToken => null;

        public override ReadOnlySequence<byte>? PreviousRecord { get; }

        // The record is valid only during the call, so it is copied.
        public override ValueTask<Completion> CompleteAsync(
            ReadOnlySequence<byte> record, TimeSpan? retention, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var completion = _store.Complete(_key, _owner, record.ToArray(), retention);
            End();
            return new(completion);
        }

        public override void Abandon() => End();

        public override ValueTask DisposeAsync()
        {
            if (!_isOver)
                _store.Release(_key, _owner);
            End();
            return default;
        }

        private void Renew()
        {
            // The lease ends one Lease after the last renewal, whenever the timer fires.
            var now = _time.GetUtcNow();
            var from = _lastRenewal < now ? _lastRenewal.Value : now;
            if (!_isOver && !_store.Renew(_key, _owner, from + _lease))
                _lost.Cancel();
        }

        private void End()
        {
            _isOver = true;
            _renewal.Dispose();
        }
    }
}
