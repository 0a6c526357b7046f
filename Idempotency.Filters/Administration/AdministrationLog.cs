using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Administration;

/// <summary>What operators change; event ids 80 to 89. Who they are is for the endpoint to log.</summary>
internal static partial class AdministrationLog
{
    [LoggerMessage(80, LogLevel.Information, "Idempotency key {KeyHash}: resolved by an operator as {Resolution}.")]
    public static partial void Resolved(ILogger logger, KeyHash keyHash, string resolution);

    [LoggerMessage(81, LogLevel.Information, "{Count} idempotency keys of one scope were forgotten.")]
    public static partial void Forgot(ILogger logger, long count);

    [LoggerMessage(82, LogLevel.Warning,
        "One scope was forgotten, but not the keys that its caller may have under the policies {Policies}: no request can have a "
        + "scope of this kind there. {Advice} Call ForgetAsync for the caller's scope there, too.")]
    public static partial void ForgotInPart(ILogger logger, string policies, string advice);
}
