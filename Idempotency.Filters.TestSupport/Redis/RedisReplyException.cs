namespace Idempotency.Filters.TestSupport;

/// <summary>The server answered a command with an error.</summary>
internal sealed class RedisReplyException(string message) : Exception(message);
