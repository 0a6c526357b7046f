using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Stores.Shared;

/// <summary>
/// What <see cref="ReleaseQueue"/> logs. Event ids are stable (66, 67, 69, 70), and the same in every store that uses it.
/// </summary>
// By hand: the source generator writes the classes of an assembly in another order each time, and its bytes with them.
internal static class ReleaseLog
{
    private static readonly Action<ILogger, KeyHash, LeftOutLines, Exception?> ReleaseFailedMessage =
        LoggerMessage.Define<KeyHash, LeftOutLines>(
            LogLevel.Warning, new(66, nameof(ReleaseFailed)),
            "Idempotency key {KeyHash}: the claim could not be given up; it will be tried again.{LeftOut}");

    public static void ReleaseFailed(ILogger logger, Exception exception, KeyHash keyHash, LeftOutLines leftOut) =>
        ReleaseFailedMessage(logger, keyHash, leftOut, exception);

    private static readonly Action<ILogger, KeyHash, LeftOutLines, Exception?> ReleaseGivenUpMessage =
        LoggerMessage.Define<KeyHash, LeftOutLines>(
        LogLevel.Warning, new(67, nameof(ReleaseGivenUp)),
        "Idempotency key {KeyHash}: the claim could not be given up. If it stands, the key stays closed until its lease ends; then "
        + "WhenInterrupted decides.{LeftOut}");

    public static void ReleaseGivenUp(ILogger logger, Exception exception, KeyHash keyHash, LeftOutLines leftOut) =>
        ReleaseGivenUpMessage(logger, keyHash, leftOut, exception);

    private static readonly Action<ILogger, int, Exception?> ReleasesDroppedMessage = LoggerMessage.Define<int>(
        LogLevel.Warning, new(69, nameof(ReleasesDropped)),
        "More than {Capacity} claims wait to be given up. The least certain of them are dropped until all that wait are done: where such a "
        + "claim stands, its key stays closed until its lease ends; then WhenInterrupted decides.");

    public static void ReleasesDropped(ILogger logger, int capacity) =>
        ReleasesDroppedMessage(logger, capacity, null);

    private static readonly Action<ILogger, int, Exception?> ReleasesLeftMessage = LoggerMessage.Define<int>(
        LogLevel.Warning, new(70, nameof(ReleasesLeft)),
        "{Count} claims could not be given up before the application ended. Where one stands, its key stays closed until its lease ends; "
        + "then WhenInterrupted decides.");

    public static void ReleasesLeft(ILogger logger, int count) =>
        ReleasesLeftMessage(logger, count, null);
}
