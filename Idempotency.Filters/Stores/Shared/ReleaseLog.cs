using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.Shared;

/// <summary>What <see cref="ReleaseQueue"/> logs. Event ids are stable (66, 67, 69, 70), and the same in every store that uses it.</summary>
internal static partial class ReleaseLog
{
    [LoggerMessage(66, LogLevel.Warning, "Idempotency key {KeyHash}: the claim could not be given up; it will be tried again.")]
    public static partial void ReleaseFailed(ILogger logger, Exception exception, KeyHash keyHash);

    [LoggerMessage(67, LogLevel.Warning,
        "Idempotency key {KeyHash}: the claim could not be given up. If it stands, the key stays closed until its lease ends; then "
        + "WhenInterrupted decides.")]
    public static partial void ReleaseGivenUp(ILogger logger, Exception? exception, KeyHash keyHash);

    [LoggerMessage(69, LogLevel.Warning,
        "More than {Capacity} claims wait to be given up. The least certain of them are dropped until all that wait are done: where such a "
        + "claim stands, its key stays closed until its lease ends; then WhenInterrupted decides.")]
    public static partial void ReleasesDropped(ILogger logger, int capacity);

    [LoggerMessage(70, LogLevel.Warning,
        "{Count} claims could not be given up before the application ended. Where one stands, its key stays closed until its lease ends; "
        + "then WhenInterrupted decides.")]
    public static partial void ReleasesLeft(ILogger logger, int count);
}
