using System.ComponentModel;

namespace Idempotency.Filters.Stores;

/// <summary>Reads the exceptions of stores as the remarks of <see cref="IIdempotencyStore"/> define them.</summary>
internal static class StoreFailures
{
    // The client of a cache throws it, and nothing in its chain need be an exception of the network. The core does not refer to the client.
    private const string RedisConnection = "StackExchange.Redis.RedisConnectionException";

    // A server that was reached answered it, also where the call as a whole ran out of time.
    private const string RedisAnswer = "StackExchange.Redis.RedisServerException";

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
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is IdempotencyStoreFullException or InvalidDataException || cause.GetType().FullName == RedisAnswer)
                return false;
            isUnreachable |= IsOfTheNetwork(cause);
        }

        return isUnreachable;
    }

    // Exactly an IOException: those derived from it, such as EndOfStreamException, speak of what was read. A SocketException, and what some
    // database clients have inside, is a Win32Exception.
    private static bool IsOfTheNetwork(Exception exception) =>
        exception is TimeoutException or OperationCanceledException or Win32Exception or HttpIOException
        || exception.GetType() == typeof(IOException)
        || exception.GetType().FullName == RedisConnection;
}
