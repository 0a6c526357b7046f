using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Administration;

/// <summary>What operators change; event ids 80 to 89. Who they are is for the endpoint to log.</summary>
// By hand: the source generator writes the classes of an assembly in another order each time, and its bytes with them.
internal static class AdministrationLog
{
    private static readonly Action<ILogger, KeyHash, string, Exception?> ResolvedMessage = LoggerMessage.Define<KeyHash, string>(
        LogLevel.Information, new(80, nameof(Resolved)),
        "Idempotency key {KeyHash}: resolved by an operator as {Resolution}.");

    public static void Resolved(ILogger logger, KeyHash keyHash, string resolution) =>
        ResolvedMessage(logger, keyHash, resolution, null);

    private static readonly Action<ILogger, long, Exception?> ForgotMessage = LoggerMessage.Define<long>(
        LogLevel.Information, new(81, nameof(Forgot)),
        "{Count} idempotency keys of one scope were forgotten.");

    public static void Forgot(ILogger logger, long count) =>
        ForgotMessage(logger, count, null);

    private static readonly Action<ILogger, string, string, Exception?> ForgotInPartMessage = LoggerMessage.Define<string, string>(
        LogLevel.Warning, new(82, nameof(ForgotInPart)),
        "One scope was forgotten, but not the keys that its caller may have under the policies {Policies}: no request can have a "
        + "scope of this kind there. {Advice} Call ForgetAsync for the caller's scope there, too.");

    public static void ForgotInPart(ILogger logger, string policies, string advice) =>
        ForgotInPartMessage(logger, policies, advice, null);
}
