using System.Runtime.ExceptionServices;

namespace Idempotency.Filters.Engine;

/// <summary>How a call of the handler ended.</summary>
internal readonly struct HandlerResult
{
    // Either is null: the host holds the failure, or we do.
    private readonly HandlerFailure? _held;
    private readonly ExceptionDispatchInfo? _thrown;

    private HandlerResult(HandlerFailure? held, ExceptionDispatchInfo? thrown) => (_held, _thrown) = (held, thrown);

    /// <summary>Why there is no answer; null when there is one.</summary>
    public Exception? Failure => _held?.Exception ?? _thrown?.SourceException;

    /// <summary>The host holds the failure, if any, and rethrows it.</summary>
    public static HandlerResult Returned(HandlerFailure? failure) => new(failure, null);

    /// <summary>The failure was thrown here, or found here: nobody else rethrows it.</summary>
    public static HandlerResult Threw(Exception failure) => new(null, ExceptionDispatchInfo.Capture(failure));

    /// <summary>Rethrows what was thrown here. The host rethrows what it holds.</summary>
    public void Rethrow() => _thrown?.Throw();

    /// <summary>Nobody rethrows the failure.</summary>
    public void Forget() => _held?.Forget();
}
