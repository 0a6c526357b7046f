using System.Globalization;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Internal;

/// <summary>
/// The largest value that the server takes, its proto-max-bulk-len. A larger one it does not refuse: it closes the connection, with all
/// that is on its way there.
/// </summary>
internal sealed class RedisValueLimit(RedisConnection connection, TimeSpan timeout, TimeProvider timeProvider)
{
    // No server can be set to less.
    private const long Least = 1024 * 1024;

    // What a server is set to unless somebody changed it.
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
            Volatile.Write(ref _known, await asked.WaitAsync(timeout, timeProvider, cancellationToken));
        }

        return size <= Volatile.Read(ref _known);
    }

    private async Task<long> AskAsync()
    {
        var link = await connection.LinkAsync();
        try
        {
            var answer = (string[]?)await link.Database.ExecuteAsync("CONFIG", ["GET", "proto-max-bulk-len"], CommandFlags.DemandMaster);
            return answer is [_, var value] ? long.Parse(value, CultureInfo.InvariantCulture) : Default;
        }
        catch (Exception exception) when (exception is RedisServerException or RedisCommandException && !RedisCalls.MayPass(exception, default))
        {
            // This user, or this client, may not ask.
            return Default;
        }
    }
}
