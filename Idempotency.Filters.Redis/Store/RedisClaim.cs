using System.Buffers;
using System.Buffers.Binary;
using Idempotency.Filters.Redis.Scripts;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Shared;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Store;

/// <summary>A claim in Redis. Its owner token is random, and every script compares it before it changes anything.</summary>
internal sealed class RedisClaim : IdempotencyClaim
{
    private readonly RedisStoreContext _context;
    private readonly RedisKey[] _keys;
    private readonly long _fencingToken;
    private readonly RenewedLease _lease;
    private readonly TimeSpan _length;
    private RedisClaimPhase _phase;

    /// <param name="context">What the store and its claims share.</param>
    /// <param name="keys">The storage key, as scripts take it.</param>
    /// <param name="lease">The lease, which names the key and the owner.</param>
    /// <param name="length">How long the lease lasts unrenewed.</param>
    /// <param name="reply">
    /// The answer of the claim script: a letter, the fencing token, and the record that the claim was made over, if any.
    /// </param>
    public RedisClaim(RedisStoreContext context, RedisKey[] keys, RenewedLease lease, TimeSpan length, byte[] reply)
    {
        const int RecordAt = 1 + sizeof(long);
        _context = context;
        _keys = keys;
        _fencingToken = BinaryPrimitives.ReadInt64LittleEndian(reply.AsSpan(1));
        _lease = lease;
        _length = length;
        PreviousRecord = reply.Length > RecordAt ? RedisRecord.Read(reply, RecordAt) : null;
        context.Renewal.Add(lease);
    }

    public override CancellationToken Lost => _lease.Lost;

    public override long? FencingToken => _fencingToken;

    public override ReadOnlySequence<byte>? PreviousRecord { get; }

    public override async ValueTask<Completion> CompleteAsync(
        ReadOnlySequence<byte> record, TimeSpan? retention, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_phase == RedisClaimPhase.Released, this);
        if (_phase == RedisClaimPhase.Completed)
            return Completion.Stored;

        var size = RedisRecord.HeadSize + record.Length;
        if (!await _context.ValueLimit.AllowsAsync(size, cancellationToken))
            return Completion.TooLarge;

        // A renewal that met the record of this completion, or of the next owner, would report a lost lease.
        _context.Renewal.Remove(_lease);
        RedisValue[] arguments =
        [
            RedisRecord.Write(_lease.Token, _fencingToken, record),
            RedisTime.MillisecondsOrNone(retention),
            _context.Connection.ChannelPrefix,
        ];
        try
        {
            return Conclude((int)(await _context.Calls.EvaluateAsync(RedisScript.Complete, _keys, arguments, cancellationToken)).Result);
        }
        catch (Exception exception) when (_phase == RedisClaimPhase.Held)
        {
            _context.Renewal.Add(_lease);
            if (_context.ValueLimit.IsExceeded(exception, size))
                return Completion.TooLarge;
            throw;
        }
    }

    public override void Abandon()
    {
        if (_phase == RedisClaimPhase.Held)
        {
            _phase = RedisClaimPhase.Abandoned;
            _context.Renewal.Remove(_lease);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (_phase != RedisClaimPhase.Held)
            return;

        _phase = RedisClaimPhase.Released;
        _context.Renewal.Remove(_lease);
        // A renewal that is repeated behind the release would revive a claim that was made over a record.
        await _lease.Renewal;
        await _context.Releases.ReleaseAsync(_lease, granted: true, _lease.InDoubt);
    }

    private Completion Conclude(int answer)
    {
        if (answer == 0)
        {
            _phase = RedisClaimPhase.Lost;
            _lease.Lose();
            return Completion.LeaseLost;
        }

        _phase = RedisClaimPhase.Completed;
        return answer == 1 ? Completion.Stored : Completion.Restored;
    }
}
