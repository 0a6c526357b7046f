using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.Memory;

/// <summary>The bounds of <see cref="MemoryStoreOptions"/> and what is used of them.</summary>
internal sealed class MemoryCapacity
{
    /// <summary>What one key is estimated to take besides its record: the key's own text, the entry, its places in table and queue.</summary>
    public const int KeyOverhead = 512;

    /// <summary>
    /// What a record counts at least. A claim takes this much in advance, so that a small record (not replayable, say) always has room.
    /// </summary>
    public const int SmallRecord = 512;

    private readonly MemoryCallers? _callers;
    private readonly ILogger _logger;
    private readonly string _tooManyKeys;
    private readonly string _tooManyKeysOfCaller;

    public MemoryCapacity(MemoryStoreOptions options, ILogger logger)
    {
        _logger = logger;
        Entries = new(options.MaxEntries);
        Bytes = new(options.MaxBytes);
        _callers = options.MaxKeysPerCaller is { } limit ? new(limit) : null;
        _tooManyKeys = Refusal($"holds {options.MaxEntries:N0} keys", nameof(options.MaxEntries));
        TooManyBytes = Refusal($"holds {options.MaxBytes:N0} bytes", nameof(options.MaxBytes));
        _tooManyKeysOfCaller = Refusal($"holds {options.MaxKeysPerCaller:N0} keys of this caller", nameof(options.MaxKeysPerCaller));
    }

    public MemoryGauge Entries { get; }

    public MemoryGauge Bytes { get; }

    /// <summary>What a refusal for lack of bytes says.</summary>
    public string TooManyBytes { get; }

    public int Callers => _callers?.Count ?? 0;

    /// <summary>Takes room for one more key and a small record.</summary>
    /// <returns>Null, or which limit stands in the way.</returns>
    public string? TryTakeKey(string caller)
    {
        if (_callers?.TryTake(caller) == false)
            return _tooManyKeysOfCaller;

        if (!Entries.TryTake(1))
        {
            _callers?.Give(caller);
            return _tooManyKeys;
        }

        if (!Bytes.TryTake(KeyOverhead + SmallRecord))
        {
            Entries.Give(1);
            _callers?.Give(caller);
            return TooManyBytes;
        }

        return null;
    }

    public void GiveKey(string caller, byte[]? record)
    {
        Bytes.Give(KeyOverhead + SizeOf(record));
        Entries.Give(1);
        _callers?.Give(caller);
    }

    /// <summary>Takes or gives back the difference between two records of one key.</summary>
    public bool TryReplace(byte[]? previous, byte[]? record)
    {
        var more = SizeOf(record) - SizeOf(previous);
        if (more > 0)
            return Bytes.TryTake(more);

        if (more < 0)
            Bytes.Give(-more);

        return true;
    }

    /// <summary>Never called under a lock: loggers are other people's code.</summary>
    public void WarnWhenNearlyFull()
    {
        if (Entries.BecameNearlyFull())
            MemoryStoreLog.EntriesNearlyFull(_logger, Entries.Used, Entries.Limit);

        if (Bytes.BecameNearlyFull())
            MemoryStoreLog.BytesNearlyFull(_logger, Bytes.Used, Bytes.Limit);
    }

    private static long SizeOf(byte[]? record) => Math.Max(SmallRecord, record?.Length ?? 0);

    private static string Refusal(FormattableString state, string option) =>
        $"The in-memory idempotency store {state.ToString(CultureInfo.InvariantCulture)}, its limit. "
        + $"Raise {nameof(MemoryStoreOptions)}.{option}, or shorten the retention.";
}
