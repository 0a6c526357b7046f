using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.Memory;

// Not [LoggerMessage]: with several such classes, its generator orders them differently each time, and builds are not reproducible.
internal static class MemoryStoreLog
{
    private static readonly Action<ILogger, long, long, Exception?> EntriesNearlyFullMessage = LoggerMessage.Define<long, long>(
        LogLevel.Warning, new(40, nameof(EntriesNearlyFull)),
        "The in-memory idempotency store holds {Entries} of at most {MaxEntries} keys. When it is full, it refuses requests with new keys. "
        + "Raise MemoryStoreOptions.MaxEntries, or shorten the retention.");

    public static void EntriesNearlyFull(ILogger logger, long entries, long maxEntries) =>
        EntriesNearlyFullMessage(logger, entries, maxEntries, null);

    private static readonly Action<ILogger, long, long, Exception?> BytesNearlyFullMessage = LoggerMessage.Define<long, long>(
        LogLevel.Warning, new(41, nameof(BytesNearlyFull)),
        "The in-memory idempotency store holds {Bytes} of at most {MaxBytes} bytes. When it is full, it refuses requests with new keys. "
        + "Raise MemoryStoreOptions.MaxBytes, or shorten the retention.");

    public static void BytesNearlyFull(ILogger logger, long bytes, long maxBytes) =>
        BytesNearlyFullMessage(logger, bytes, maxBytes, null);
}
