using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Administration;

/// <summary>Logs what operators change; event ids 80 to 89. The endpoint must log who they are.</summary>
// Written by hand: [LoggerMessage] on several classes makes the assembly's bytes differ from build to build.
internal static class AdministrationLog
{
    private static readonly Action<ILogger, string, string, Exception?> ResolvedMessage = LoggerMessage.Define<string, string>(
        LogLevel.Information, new(80, nameof(Resolved)),
        "Idempotency key {KeyHash}: resolved by an operator as {Resolution}.");

    public static void Resolved(ILogger logger, string keyHash, string resolution) =>
        ResolvedMessage(logger, keyHash, resolution, null);

    private static readonly Action<ILogger, long, Exception?> ForgotMessage = LoggerMessage.Define<long>(
        LogLevel.Information, new(81, nameof(Forgot)),
        "{Count} idempotency keys of one scope were forgotten.");

    public static void Forgot(ILogger logger, long count) =>
        ForgotMessage(logger, count, null);

    private static readonly Action<ILogger, string, string, Exception?> ForgotInPartMessage = LoggerMessage.Define<string, string>(
        LogLevel.Warning, new(82, nameof(ForgotInPart)),
        "One scope was forgotten, but not the keys that its caller may have under the policies {Policies}, where no request can have a "
        + "scope of this kind. {Advice} Call ForgetAsync for the caller's scope under these policies, too.");

    public static void ForgotInPart(ILogger logger, string policies, string advice) =>
        ForgotInPartMessage(logger, policies, advice, null);
}
