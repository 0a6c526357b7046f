using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Redis.Internal;

/// <summary>
/// Notices that the connection carries nothing any more, and has it replaced if a new one does: a network has forgotten it without a word, or
/// the client no longer sends, or no longer connects. The client may notice after minutes, or never, and until then every request with a key
/// is answered 503. It goes by the machine's clock: it is about connections, and not about keys.
/// </summary>
internal sealed class RedisSilence(RedisConnection connection, TimeSpan timeout, ILogger logger)
{
    private const long None = long.MinValue;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private long _since = None;
    private int _replacing;

    /// <summary>The server has answered a call.</summary>
    public void Answered()
    {
        // Every call comes by here: what does not change is not written.
        if (Volatile.Read(ref _since) != None)
            Volatile.Write(ref _since, None);
    }

    /// <summary>A call was not answered, or not even sent.</summary>
    public void Unanswered()
    {
        var now = Stopwatch.GetTimestamp();
        var since = Interlocked.CompareExchange(ref _since, now, None);
        if (since == None || Stopwatch.GetElapsedTime(since, now) < Patience || Interlocked.Exchange(ref _replacing, 1) == 1)
            return;

        // It serves all requests: it carries the context of none.
        using (ExecutionContext.SuppressFlow())
            _ = Task.Run(ReplaceAsync);
    }

    private async Task ReplaceAsync()
    {
        try
        {
            if (await connection.TryReplaceAsync(Patience, timeout))
                RedisStoreLog.Replaced(logger, connection.Addresses);
        }
        catch
        {
            // There is no better connection, or nobody to be told of it. Another silence asks again.
        }
        finally
        {
            Answered();
            Volatile.Write(ref _replacing, 0);
        }
    }
}
