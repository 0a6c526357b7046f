using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Connection;

/// <summary>
/// Reconnects at every heartbeat of the client (one second), however long the server was away: the client's own policy waits up to ten
/// seconds. The client also asks this policy whether to abandon an attempt that runs, so every eighth attempt has the whole connect
/// timeout. Without it a TLS handshake of 2.5 seconds never came to its end with client 2.13; with it, within 10 seconds.
/// </summary>
/// <param name="connectTimeout">How long a patient attempt may take.</param>
internal sealed class RedisReconnectPolicy(TimeSpan connectTimeout) : IReconnectRetryPolicy
{
    private const int PatientEvery = 8;

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(500);

    public bool ShouldRetry(long currentRetryCount, int timeElapsedMillisecondsSinceLastRetry) =>
        timeElapsedMillisecondsSinceLastRetry >= (IsPatient(currentRetryCount) ? connectTimeout : Step).TotalMilliseconds;

    private static bool IsPatient(long attempt) => attempt % PatientEvery == PatientEvery - 1;
}
