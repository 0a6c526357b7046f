using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.Memory;

internal static partial class MemoryStoreLog
{
    [LoggerMessage(40, LogLevel.Warning,
        "The in-memory idempotency store holds {Entries} of at most {MaxEntries} keys. Full, it refuses requests with new keys: "
        + "raise MemoryStoreOptions.MaxEntries, or shorten the retention.")]
    public static partial void EntriesNearlyFull(ILogger logger, long entries, long maxEntries);

    [LoggerMessage(41, LogLevel.Warning,
        "The in-memory idempotency store holds {Bytes} of at most {MaxBytes} bytes. Full, it refuses requests with new keys: "
        + "raise MemoryStoreOptions.MaxBytes, or shorten the retention.")]
    public static partial void BytesNearlyFull(ILogger logger, long bytes, long maxBytes);
}
