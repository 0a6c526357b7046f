namespace Idempotency.Filters.Requests;

/// <summary>A request body is larger than our own limit, or the server's, for what is read before the action runs.</summary>
internal sealed class RequestBodyTooLargeException(Exception? innerException = null)
    : Exception("The request body is too large to be read before the action runs.", innerException);
