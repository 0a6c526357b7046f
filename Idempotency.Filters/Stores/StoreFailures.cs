using System.ComponentModel;

namespace Idempotency.Filters.Stores;

/// <summary>Reads the exceptions of stores as the remarks of <see cref="IIdempotencyStore"/> define them.</summary>
internal static class StoreFailures
{
    // The client of a cache throws it, and nothing in its chain need be an exception of the network. The core does not refer to the client.
    private const string RedisConnection = "StackExchange.Redis.RedisConnectionException";

    // A server that was reached answered it, also where the call as a whole ran out of time.
    private const string RedisAnswer = "StackExchange.Redis.RedisServerException";

    // A store on this machine was reached, and is full: ERROR_DISK_FULL, ERROR_HANDLE_DISK_FULL, and ENOSPC of Unix.
    private const int DiskFull = unchecked((int)0x80070070);
    private const int HandleDiskFull = unchecked((int)0x80070027);
    private const int NoSpace = 28;

    public static StoreFailure Of(Exception exception) => exception switch
    {
        IdempotencyStoreFullException => StoreFailure.Full,
        InvalidDataException => StoreFailure.Unreadable,
        _ when IsWrongTypeInRedis(exception) => StoreFailure.Unreadable,
        _ => IsUnreachable(exception) ? StoreFailure.Unreachable : StoreFailure.Unknown,
    };

    private static bool IsWrongTypeInRedis(Exception exception) =>
        exception.GetType().FullName == RedisAnswer && exception.Message.StartsWith("WRONGTYPE", StringComparison.Ordinal);

    private static bool IsUnreachable(Exception exception)
    {
        var isUnreachable = false;
        foreach (var cause in Causes(exception))
        {
            if (cause is IdempotencyStoreFullException or InvalidDataException || cause.GetType().FullName == RedisAnswer)
                return false;
            isUnreachable |= IsOfTheNetwork(cause);
        }

        return isUnreachable;
    }

    private static IEnumerable<Exception> Causes(Exception exception)
    {
        var inner = exception is AggregateException several ? several.InnerExceptions.AsEnumerable()
            : exception.InnerException is { } one ? [one]
            : [];
        return inner.SelectMany(Causes).Prepend(exception);
    }

    // Exactly an IOException: those derived from it, such as EndOfStreamException, speak of what was read. A SocketException, and what some
    // database clients have inside, is a Win32Exception.
    private static bool IsOfTheNetwork(Exception exception) =>
        exception is TimeoutException or OperationCanceledException or Win32Exception or HttpIOException
        || (exception.GetType() == typeof(IOException) && exception.HResult is not (DiskFull or HandleDiskFull or NoSpace))
        || exception.GetType().FullName == RedisConnection;
}
