using System.Buffers;
using System.Buffers.Binary;
using Idempotency.Filters.Redis.Scripts;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Shared;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Store;

/// <summary>Attempts to claim keys.</summary>
internal sealed class RedisClaimer(RedisStoreContext context)
{
    private readonly ClaimTurns _turns = new(context.Calls.Timeout, context.TimeProvider);

    /// <summary>Claims a key, or takes the record that a simultaneous claim of it finds.</summary>
    public ValueTask<ClaimResult> ClaimAsync(string key, ClaimOptions options, CancellationToken cancellationToken)
    {
        // A claim over a record takes it away from others.
        if (options.OverCompleted)
            return AttemptAsync(key, options with { PreviewLength = 0 }, null, cancellationToken);

        // By hand, not awaited here: the ordinary claim, which is alone, needs no second state machine.
        return _turns.Enter(key)
            ? AttemptAsync(key, options, null, cancellationToken, hasEntered: true)
            : TakeTurnAsync(key, options, cancellationToken);
    }

    /// <param name="key">The storage key.</param>
    /// <param name="options">How long and on which terms to claim.</param>
    /// <param name="waiter">
    /// Hears how long the lease of the holder lasts, when the key is in flight; the holder is asked to send a message when it ends. Null =
    /// nobody waits.
    /// </param>
    /// <param name="cancellationToken">Gives the attempt up.</param>
    /// <param name="hasEntered">Whether it leaves its place among simultaneous claims at the end.</param>
    /// <param name="started">When the time of the operation began; 0 = now.</param>
    /// <returns>The result.</returns>
    public async ValueTask<ClaimResult> AttemptAsync(
        string key, ClaimOptions options, Action<TimeSpan>? waiter, CancellationToken cancellationToken, bool hasEntered = false,
        long started = 0)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            // Where the action runs without a claim, the store waits as long as it may.
            if (options.WhenStoreIsDown is StoreDownBehavior.Reject)
                context.Calls.ThrowIfAway();

            var token = RedisRecord.NewToken();
            RedisKey[] keys = [key];
            // Taken before the call: the lease ends here no later than at the server.
            var now = context.Renewal.Now;
            RedisAnswer answer;
            try
            {
                answer = await context.Calls.EvaluateAsync(
                    RedisScript.Claim, keys, Arguments(token, options, waiter is not null), cancellationToken, started);
            }
            catch (Exception exception)
                when (exception is not
                    (IdempotencyStoreFullException or InvalidDataException or RedisServerException or ObjectDisposedException))
            {
                // The server may have granted the claim, or may do so yet.
                _ = context.Releases.ReleaseAsync(new(key, token, options, now), granted: false, inDoubt: true);
                throw;
            }

            var reply = (byte[])answer.Result!;
            // The key is another's, and may be free when an earlier attempt arrives.
            if (answer.InDoubt && reply[0] != 'A')
                _ = context.Releases.ReleaseAsync(new(key, token, options, now), granted: false, inDoubt: true);

            switch (reply[0])
            {
                case (byte)'A':
                    var lease = new RenewedLease(key, token, options, now) { InDoubt = answer.InDoubt };
                    return ClaimResult.Acquired(new RedisClaim(context, keys, lease, options.Lease, reply));
                case (byte)'F':
                    waiter?.Invoke(TimeSpan.FromMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(reply.AsSpan(1))));
                    return ClaimResult.InFlight;
                case (byte)'I':
                    return ClaimResult.Interrupted;
                case (byte)'P':
                    return CompletedInPart(key, options, RedisRecord.Read(reply, 1));
                default:
                    return ClaimResult.Completed(RedisRecord.Read(reply, 0));
            }
        }
        finally
        {
            if (hasEntered)
                _turns.Leave(key);
        }
    }

    private async ValueTask<ClaimResult> TakeTurnAsync(string key, ClaimOptions options, CancellationToken cancellationToken)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            var result = await _turns.TakeAsync(
                (key, options.PreviewLength),
                started => AttemptAsync(key, options, null, cancellationToken, hasEntered: false, started),
                cancellationToken);
            // What another found leads to a claim on its terms.
            return result.IsPartial ? CompletedInPart(key, options, result.Record) : result;
        }
        finally
        {
            _turns.Leave(key);
        }
    }

    private ClaimResult CompletedInPart(string key, ClaimOptions options, ReadOnlySequence<byte> beginning) =>
        ClaimResult.CompletedInPart(
            beginning, cancellationToken => ClaimAsync(key, options with { PreviewLength = 0 }, cancellationToken));

    private static RedisValue[] Arguments(byte[] token, in ClaimOptions options, bool waits)
    {
        var refuses = options.WhenInterrupted is InterruptedBehavior.Block;
        var lease = RedisTime.Milliseconds(options.Lease);
        return
        [
            token,
            (waits ? 1 : 0) + (refuses ? 2 : 0) + (options.OverCompleted ? 4 : 0) + (8L * options.PreviewLength),
            lease,
            refuses ? RedisTime.Milliseconds(options.BlockFor) : lease,
            options.RenewFor is { } renewFor ? RedisTime.Milliseconds(renewFor) + lease : 0,
        ];
    }
}
