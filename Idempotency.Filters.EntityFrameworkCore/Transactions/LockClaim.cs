using System.Buffers;
using Idempotency.Filters.EntityFrameworkCore.Databases;
using Idempotency.Filters.EntityFrameworkCore.Rows;
using Idempotency.Filters.EntityFrameworkCore.Store;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>
/// A claim by a lock of the database, which ends with the transaction. So it has no lease, and nothing is left of it when its process dies.
/// </summary>
internal sealed class LockClaim(
    RowStoreContext store, UnitOfWork unit, Database database, LockRows rows, RowKey key, RowLook look) : TransactionalClaim(unit)
{
    private readonly byte[] _owner = RowTerms.NewOwner();

    public override CancellationToken Lost => CancellationToken.None;

    public override long? FencingToken { get; } = Math.Max(look.Fencing + 1, look.Moment);

    public override ReadOnlySequence<byte>? PreviousRecord { get; } = look.Record is { } record ? new(record) : null;

    public override async ValueTask<Completion> CompleteAsync(
        ReadOnlySequence<byte> record, TimeSpan? retention, CancellationToken cancellationToken)
    {
        TransactionLog.NoteUnsaved(store.Logger, Unit, key);
        var bytes = record.ToArray();
        return await new TransactionCommit(store, Unit, database, key, _owner).RunAsync(
            (transaction, token) => rows.TryRecordAsync(transaction, key, _owner, look, bytes, retention, token),
            cancellationToken);
    }

    /// <summary>Without a lease there is nothing to leave behind: the key is free when the transaction ends.</summary>
    public override void Abandon()
    {
    }

    public override async ValueTask DisposeAsync() => await Unit.EndAsync();
}
