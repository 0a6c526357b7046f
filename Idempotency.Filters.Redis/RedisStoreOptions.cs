namespace Idempotency.Filters.Redis;

/// <summary>How the store works with Redis.</summary>
public sealed class RedisStoreOptions
{
    /// <summary>
    /// How long one operation may take, its repetitions included. A request whose claim takes longer is answered 503. More than zero, at
    /// most one minute, and less than the <see cref="IdempotencyOptions.Lease"/> of every policy that uses the store. Keep it at a tenth of
    /// that: a slower server may cost a lease. Default 1 second.
    /// </summary>
    public TimeSpan OperationTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Whether the application refuses to start when no server answers. When false, it says so in the log and starts; requests with keys
    /// are answered 503 until a server answers. Default true.
    /// </summary>
    public bool RequireServerAtStart { get; set; } = true;

    /// <summary>
    /// The service key of the application's own <c>IConnectionMultiplexer</c>, for <c>UseRedis()</c> without a connection string; null =
    /// the one that is registered without a key. Default null.
    /// </summary>
    public object? ConnectionMultiplexerKey { get; set; }
}
