using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using Idempotency.Filters.Redis.Scripts;
using Idempotency.Filters.Stores;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Store;

internal sealed partial class RedisIdempotencyStore
{
    private const int PageSize = 1000;

    public async ValueTask<StoredKey?> FindAsync(StorageKey key, CancellationToken cancellationToken)
    {
        var reply = (byte[]?)(await Calls.EvaluateAsync(RedisScript.Find, [key.Value], [], cancellationToken)).Result;
        return reply is null ? null : new(State(reply[0]), reply.AsMemory(1 + RedisRecord.IdentitySize), Version(reply));
    }

    public async ValueTask<bool> ResolveAsync(
        StorageKey key, StoredKey found, ReadOnlySequence<byte>? record, TimeSpan? retention, CancellationToken cancellationToken)
    {
        // It may be interrupted by now: then it is no longer as it was found.
        if (found.State == ClaimOutcome.InFlight)
            return false;

        RedisValue[] arguments =
        [
            Convert.FromHexString(found.Version),
            RedisRecord.NewToken(),
            RedisTime.MillisecondsOrNone(retention),
        ];
        if (record is { } bytes)
        {
            if (!await _context.ValueLimit.AllowsAsync(RedisRecord.HeadSize + bytes.Length, cancellationToken))
                throw TooLarge();
            arguments = [.. arguments, bytes.ToArray()];
        }

        try
        {
            var answer = await Calls.EvaluateAsync(RedisScript.Resolve, [key.Value], arguments, cancellationToken);
            return IsDone(answer, orGone: record is null);
        }
        catch (Exception exception) when (record is { } sent && _context.ValueLimit.IsExceeded(exception, sent.Length))
        {
            throw TooLarge();
        }
    }

    /// <remarks>
    /// Goes through all keys of the database, on every primary, with SCAN in pages, between which the server serves others: its cost
    /// grows with the number of all keys there, not with that of the scope. A primary that cannot be reached fails it.
    /// </remarks>
    public async ValueTask<long> ForgetAsync(string scope, CancellationToken cancellationToken)
    {
        var forgotten = 0L;
        await foreach (var key in ScanAsync(scope, cancellationToken))
        {
            if (IsDone(await Calls.EvaluateAsync(RedisScript.Forget, [key], [], cancellationToken), orGone: true))
                forgotten++;
        }

        return forgotten;
    }

    /// <summary>The keys of every primary that begin with this. A key may come twice.</summary>
    private async IAsyncEnumerable<RedisKey> ScanAsync(string beginning, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var link = await Connection.LinkAsync().WaitAsync(Calls.Timeout, _context.TimeProvider, cancellationToken);
        foreach (var server in link.Servers.Where(server => !server.IsReplica))
        {
            var keys = server.KeysAsync(link.Database.Database, Pattern(beginning), PageSize);
            await foreach (var key in keys.WithCancellation(cancellationToken))
                yield return key;
        }
    }

    private static IdempotencyStoreFullException TooLarge() => new("The record is larger than the proto-max-bulk-len of Redis allows.");

    private static string Version(byte[] reply) => Convert.ToHexStringLower(reply.AsSpan(1, RedisRecord.IdentitySize));

    /// <param name="answer">1 = done, 2 = nothing was there, 0 = refused.</param>
    /// <param name="orGone">Whether an attempt whose reply was lost, and after which nothing is there, did it.</param>
    private static bool IsDone(RedisAnswer answer, bool orGone) => (int)answer.Result switch
    {
        1 => true,
        2 => orGone && answer.InDoubt,
        _ => false,
    };

    /// <summary>All keys that begin with this, in which nothing else is a wildcard.</summary>
    private static string Pattern(string beginning)
    {
        var pattern = new StringBuilder();
        foreach (var character in beginning)
            pattern.Append(character is '*' or '?' or '[' or ']' or '\\' ? "\\" : "").Append(character);
        return pattern.Append('*').ToString();
    }

    private static ClaimOutcome State(byte state) => state switch
    {
        (byte)'F' => ClaimOutcome.InFlight,
        (byte)'R' => ClaimOutcome.Completed,
        _ => ClaimOutcome.Interrupted,
    };
}
