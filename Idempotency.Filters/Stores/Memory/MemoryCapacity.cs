using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.Memory;

/// <summary>The limits of <see cref="MemoryStoreOptions"/>, and how much of them is used.</summary>
internal sealed class MemoryCapacity
{
    /// <summary>The estimated bytes of a key besides its record: its text, its entry, and its places in the table and the queue.</summary>
    public const int KeyOverhead = 512;

    /// <summary>
    /// The least that a record counts, in bytes. A claim takes this much in advance, so that a small record always has room: one that only
    /// says "not replayable", for example.
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
        _tooManyKeys = Refusal($"{options.MaxEntries:N0} keys", nameof(options.MaxEntries));
        TooManyBytes = Refusal($"{options.MaxBytes:N0} bytes", nameof(options.MaxBytes));
        _tooManyKeysOfCaller = Refusal($"{options.MaxKeysPerCaller:N0} keys for this caller", nameof(options.MaxKeysPerCaller));
    }

    public MemoryGauge Entries { get; }

    public MemoryGauge Bytes { get; }

    /// <summary>The exception message when the byte limit leaves no room.</summary>
    public string TooManyBytes { get; }

    public bool CountsCallers => _callers is not null;

    public int Callers => _callers?.Count ?? 0;

    /// <summary>Takes room for one more key with a small record.</summary>
    /// <returns>Null on success; otherwise an exception message that names the limit.</returns>
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

    /// <summary>The exception with what <see cref="TryTakeKey"/> returned.</summary>
    public IdempotencyStoreFullException Refused(string message) =>
        new(message) { IsLimitOfCaller = ReferenceEquals(message, _tooManyKeysOfCaller) };

    public void GiveKey(string caller, byte[]? record)
    {
        Bytes.Give(KeyOverhead + SizeOf(record));
        Entries.Give(1);
        _callers?.Give(caller);
    }

    /// <summary>Takes or gives back the difference in size between two records of one key.</summary>
    public bool TryReplace(byte[]? previous, byte[]? record)
    {
        var more = SizeOf(record) - SizeOf(previous);
        if (more > 0)
            return Bytes.TryTake(more);

        if (more < 0)
            Bytes.Give(-more);

        return true;
    }

    /// <summary>Never call this under a lock: a logger may run any code.</summary>
    public void WarnWhenNearlyFull()
    {
        if (Entries.BecameNearlyFull())
            MemoryStoreLog.EntriesNearlyFull(_logger, Entries.Used, Entries.Limit);

        if (Bytes.BecameNearlyFull())
            MemoryStoreLog.BytesNearlyFull(_logger, Bytes.Used, Bytes.Limit);
    }

    private static long SizeOf(byte[]? record) => Math.Max(SmallRecord, record?.Length ?? 0);

    private static string Refusal(FormattableString limit, string option) =>
        $"The in-memory idempotency store has reached its limit of {limit.ToString(CultureInfo.InvariantCulture)}. "
        + $"Raise {nameof(MemoryStoreOptions)}.{option}, or shorten the retention.";
}
