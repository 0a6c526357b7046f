using System.Buffers;
using System.Data.Common;
using Idempotency.Filters.EntityFrameworkCore.Databases;
using Idempotency.Filters.EntityFrameworkCore.Rows;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Shared;

namespace Idempotency.Filters.EntityFrameworkCore.Store;

/// <summary>A claim by a row. Its owner token is random, and every statement compares it before it changes anything.</summary>
internal sealed class RowClaim : IdempotencyClaim
{
    // The end of a record that its claim has written is early by the duration of the run; more than this share of it is corrected.
    private const int CorrectedShare = 100;

    private readonly RowStoreContext _context;
    private readonly RenewedLease _lease;
    private readonly ClaimedRow _row;
    private readonly TimeSpan? _retention;
    private readonly long _claimedAt;
    private RowClaimPhase _phase;

    /// <param name="context">What the store and its claims share.</param>
    /// <param name="lease">The lease, which names the row and the owner.</param>
    /// <param name="options">The terms of the claim.</param>
    /// <param name="now">A moment before the claim was sent.</param>
    /// <param name="look">The row as it was claimed.</param>
    public RowClaim(RowStoreContext context, RenewedLease lease, in ClaimOptions options, long now, RowLook look)
    {
        _context = context;
        _lease = lease;
        _row = (ClaimedRow)lease.State!;
        _retention = options.Retention;
        _claimedAt = now;
        FencingToken = look.Fencing;
        PreviousRecord = look.Record is { } record ? new(record) : null;
        context.Renewal.Add(lease);
    }

    public Database Database => _row.Database;

    public RowKey Key => _row.Key;

    public byte[] Owner => _row.Terms.Owner;

    public override CancellationToken Lost => _lease.Lost;

    public override long? FencingToken { get; }

    public override ReadOnlySequence<byte>? PreviousRecord { get; }

    public override async ValueTask<Completion> CompleteAsync(
        ReadOnlySequence<byte> record, TimeSpan? retention, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_phase == RowClaimPhase.Released, this);
        if (_phase == RowClaimPhase.Completed)
            return Completion.Stored;

        // A renewal that met the record of this completion, or of the next owner, would report a lost lease.
        _context.Renewal.Remove(_lease);
        var bytes = record.ToArray();
        var movesExpiry = MovesExpiry(retention);
        try
        {
            var answer = await _context.Calls.RunAsync(
                _row.Database,
                (rows, connection, token) =>
                    rows.CompleteAsync(connection, _row.Key, _row.Terms.Owner, bytes, retention, movesExpiry, token),
                cancellationToken);
            return Conclude(answer.Result);
        }
        catch when (_phase == RowClaimPhase.Held)
        {
            _context.Renewal.Add(_lease);
            throw;
        }
    }

    /// <summary>Stores the record in a transaction of the application.</summary>
    /// <returns>False when the claim is over.</returns>
    public Task<bool> TryCompleteAsync(
        DbTransaction transaction, ReadOnlySequence<byte> record, TimeSpan? retention, CancellationToken cancellationToken) =>
        _row.Database.Rows.TryCompleteAsync(
            transaction, _row.Key, _row.Terms.Owner, record.ToArray(), retention, MovesExpiry(retention), cancellationToken);

    /// <summary>The transaction in which the record was written is committed.</summary>
    public void NoteCompleted() => _phase = RowClaimPhase.Completed;

    public void PauseRenewal() => _context.Renewal.Remove(_lease);

    public void ResumeRenewal()
    {
        if (_phase != RowClaimPhase.Held)
            return;

        // It may not have been paused.
        _context.Renewal.Remove(_lease);
        _context.Renewal.Add(_lease);
    }

    public override void Abandon()
    {
        if (_phase == RowClaimPhase.Held)
        {
            _phase = RowClaimPhase.Abandoned;
            _context.Renewal.Remove(_lease);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (_phase != RowClaimPhase.Held)
            return;

        _phase = RowClaimPhase.Released;
        _context.Renewal.Remove(_lease);
        // A renewal that is repeated behind the release would revive a claim that was made over a record.
        await _lease.Renewal;
        await _context.Releases.ReleaseAsync(_lease, granted: true, _lease.InDoubt);
    }

    /// <summary>Whether the row, whose end was set with the claim, ends too early or too late for its record.</summary>
    private bool MovesExpiry(TimeSpan? retention) => PreviousRecord is not null || retention != _retention
        || (retention is { } kept && _context.Renewal.Now - _claimedAt > kept.Ticks / CorrectedShare);

    private Completion Conclude(CompletionOutcome outcome)
    {
        if (outcome == CompletionOutcome.LeaseLost)
        {
            _phase = RowClaimPhase.Lost;
            _lease.Lose();
            return Completion.LeaseLost;
        }

        _phase = RowClaimPhase.Completed;
        _context.Waiters.Changed(_row.Database, _lease.Key);
        return outcome == CompletionOutcome.Stored ? Completion.Stored : Completion.Restored;
    }
}
