using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.Memory;

// By hand: the source generator writes the classes of an assembly in another order each time, and its bytes with them.
internal static class MemoryStoreLog
{
    private static readonly Action<ILogger, long, long, Exception?> EntriesNearlyFullMessage = LoggerMessage.Define<long, long>(
        LogLevel.Warning, new(40, nameof(EntriesNearlyFull)),
        "The in-memory idempotency store holds {Entries} of at most {MaxEntries} keys. Full, it refuses requests with new keys: "
        + "raise MemoryStoreOptions.MaxEntries, or shorten the retention.");

    public static void EntriesNearlyFull(ILogger logger, long entries, long maxEntries) =>
        EntriesNearlyFullMessage(logger, entries, maxEntries, null);

    private static readonly Action<ILogger, long, long, Exception?> BytesNearlyFullMessage = LoggerMessage.Define<long, long>(
        LogLevel.Warning, new(41, nameof(BytesNearlyFull)),
        "The in-memory idempotency store holds {Bytes} of at most {MaxBytes} bytes. Full, it refuses requests with new keys: "
        + "raise MemoryStoreOptions.MaxBytes, or shorten the retention.");

    public static void BytesNearlyFull(ILogger logger, long bytes, long maxBytes) =>
        BytesNearlyFullMessage(logger, bytes, maxBytes, null);
}
