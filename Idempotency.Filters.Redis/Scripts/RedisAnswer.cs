using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Scripts;

/// <summary>What a script answered.</summary>
/// <param name="Result">The answer.</param>
/// <param name="InDoubt">
/// Whether an earlier attempt of the call went unanswered. It may have taken effect, or may do so yet if it is late on a broken connection.
/// </param>
internal readonly record struct RedisAnswer(RedisResult Result, bool InDoubt);
