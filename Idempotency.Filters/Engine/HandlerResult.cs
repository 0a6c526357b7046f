using System.Runtime.ExceptionServices;

namespace Idempotency.Filters.Engine;

/// <summary>How a call of the handler ended.</summary>
internal readonly struct HandlerResult
{
    private readonly ExceptionDispatchInfo? _thrown;

    private HandlerResult(Exception? failure, ExceptionDispatchInfo? thrown) => (Failure, _thrown) = (failure, thrown);

    /// <summary>Why there is no answer; null when there is one.</summary>
    public Exception? Failure { get; }

    /// <summary>The host returned the failure, if any, and rethrows it.</summary>
    public static HandlerResult Returned(Exception? failure) => new(failure, null);

    /// <summary>The failure was thrown here, or found here: nobody else rethrows it.</summary>
    public static HandlerResult Threw(Exception failure) => new(failure, ExceptionDispatchInfo.Capture(failure));

    public void Rethrow() => _thrown?.Throw();
}
