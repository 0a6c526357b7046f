using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Scripts;

/// <summary>What the errors of servers, and of the client, mean for the store.</summary>
internal static class RedisErrors
{
    // A server says these while it starts, fails over, hands the key's slot to another, or misses its replicas or its disk.
    private static readonly string[] Passing =
    [
        "NOSCRIPT", "LOADING", "TRYAGAIN", "MOVED", "ASK", "CLUSTERDOWN", "READONLY", "MASTERDOWN", "BUSY", "NOREPLICAS", "MISCONF",
    ];

    private const string NotUnderstood = "holds no value of this version of Idempotency.Filters";

    /// <summary>
    /// Whether a repetition may succeed. A client that loses its connection may cancel its calls; that is not the caller's cancellation.
    /// </summary>
    public static bool MayPass(Exception exception, CancellationToken cancellationToken = default) => exception switch
    {
        RedisServerException => Array.Exists(Passing, code => Says(exception, code)),
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        _ => exception is RedisConnectionException or TimeoutException,
    };

    /// <summary>The server has reached its maxmemory.</summary>
    public static bool IsFull(Exception exception) => Says(exception, "OOM");

    /// <summary>The key holds another type than a string, or a string that the scripts do not understand: look.lua says so.</summary>
    public static bool IsUnreadable(Exception exception) =>
        Says(exception, "WRONGTYPE")
        || (exception is RedisServerException && exception.Message.Contains(NotUnderstood, StringComparison.Ordinal));

    /// <summary>The server has not, or no longer, the script.</summary>
    public static bool IsUnknownScript(Exception exception) => Says(exception, "NOSCRIPT");

    /// <summary>An argument was larger than the server's proto-max-bulk-len. The server answers this, and closes the connection.</summary>
    public static bool IsTooLarge(Exception exception) =>
        (exception is RedisServerException ? exception : exception.InnerException) is RedisServerException error
        && error.Message.Contains("Protocol error: invalid bulk length", StringComparison.Ordinal);

    /// <summary>
    /// Whether an error has this code, its first word. Redis 6.2 wraps the errors of the commands in a script: "ERR Error running script
    /// (call to f_…): @user_script:12: @user_script: 12: -READONLY You can't write …".
    /// </summary>
    private static bool Says(Exception exception, string code)
    {
        const string Wrapping = "ERR Error running script";
        var error = exception.Message;
        return exception is RedisServerException
            && (error.StartsWith(code, StringComparison.Ordinal)
                || (error.StartsWith(Wrapping, StringComparison.Ordinal) && error.Contains($": -{code} ", StringComparison.Ordinal)));
    }
}
