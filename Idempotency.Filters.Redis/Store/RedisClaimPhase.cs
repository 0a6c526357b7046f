namespace Idempotency.Filters.Redis.Store;

/// <summary>How far the holder is with its claim.</summary>
internal enum RedisClaimPhase
{
    Held,
    Abandoned,
    Completed,
    Released,
    Lost,
}
