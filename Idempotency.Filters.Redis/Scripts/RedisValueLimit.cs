using System.Globalization;
using Idempotency.Filters.Redis.Connection;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Scripts;

/// <summary>
/// The largest value that the server takes, its proto-max-bulk-len. To a larger one the server answers an error and closes the connection,
/// with everything that is on its way there.
/// </summary>
internal sealed class RedisValueLimit(RedisConnection connection, TimeSpan timeout, TimeProvider timeProvider)
{
    // No server can be set to less.
    private const long Least = 1024 * 1024;

    // Servers are set to this unless somebody changed it.
    private const long Default = 512 * Least;

    private long _known;

    /// <summary>Asks the server once, and not for a value that every server takes.</summary>
    /// <param name="size">The size of a value in bytes.</param>
    /// <param name="cancellationToken">Gives the question up.</param>
    /// <exception cref="TimeoutException">Redis did not answer in time.</exception>
    /// <exception cref="RedisException">Redis could not be reached.</exception>
    public async ValueTask<bool> AllowsAsync(long size, CancellationToken cancellationToken)
    {
        if (size <= Least)
            return true;

        if (Volatile.Read(ref _known) == 0)
        {
            var asked = AskAsync();
            // Also when nobody waits any more.
            RedisCalls.Forget(asked);
            Interlocked.CompareExchange(ref _known, await asked.WaitAsync(timeout, timeProvider, cancellationToken), 0);
        }

        return size <= Volatile.Read(ref _known);
    }

    /// <summary>
    /// Whether a server that did not say its limit has refused a value of this size for being larger. From then on the store sends none
    /// that is as large.
    /// </summary>
    public bool IsExceeded(Exception exception, long size)
    {
        if (size <= Least || !RedisErrors.IsTooLarge(exception))
            return false;

        for (var known = Volatile.Read(ref _known); size <= known; known = Volatile.Read(ref _known))
            Interlocked.CompareExchange(ref _known, size - 1, known);
        return true;
    }

    private async Task<long> AskAsync()
    {
        var link = await connection.LinkAsync();
        try
        {
            var answer = (string[]?)await link.Database.ExecuteAsync("CONFIG", ["GET", "proto-max-bulk-len"], CommandFlags.DemandMaster);
            return answer is [_, var value] ? long.Parse(value, CultureInfo.InvariantCulture) : Default;
        }
        catch (Exception exception) when (exception is RedisServerException or RedisCommandException && !RedisErrors.MayPass(exception))
        {
            // This user may not ask, or this client does not: from version 3 on it sends CONFIG only in admin mode.
            return Default;
        }
    }
}
