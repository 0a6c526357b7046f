namespace Idempotency.Filters.Requests;

/// <summary>A client did not send in time the request body that is needed before the action runs.</summary>
internal sealed class RequestBodyTooSlowException(Exception innerException)
    : Exception("The request body did not come in time to be read before the action runs.", innerException);
