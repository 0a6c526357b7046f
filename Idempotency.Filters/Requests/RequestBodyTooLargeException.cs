namespace Idempotency.Filters.Requests;

/// <summary>A request body is longer than may be read before an action runs: by our own limit, or by the server's.</summary>
internal sealed class RequestBodyTooLargeException(Exception? innerException = null)
    : Exception("The request body is too large to be read before the action.", innerException);
