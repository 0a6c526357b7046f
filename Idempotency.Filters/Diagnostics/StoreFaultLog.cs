using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Diagnostics;

/// <summary>
/// Logs what every request meets while a store is down: each kind of line once a second at most, with a count of the others.
/// </summary>
internal sealed class StoreFaultLog(ILogger logger, TimeProvider timeProvider)
{
    private readonly LogThrottle _unavailable = new(timeProvider);
    private readonly LogThrottle _rejected = new(timeProvider);
    private readonly LogThrottle _unprotected = new(timeProvider);
    private readonly LogThrottle _completions = new(timeProvider);
    private readonly LogThrottle _releases = new(timeProvider);

    public void Unavailable(Exception exception, KeyHash keyHash)
    {
        if (_unavailable.Admits(out var leftOut))
            Log.StoreUnavailable(logger, exception, keyHash, leftOut);
    }

    /// <summary>A request was rejected because the store is unavailable.</summary>
    public void Rejected(string endpoint, string code, string policy, KeyHash keyHash)
    {
        if (_rejected.Admits(out var leftOut))
            Log.Rejected(logger, endpoint, code, policy, keyHash, leftOut);
    }

    public void ExecutesUnprotected(KeyHash keyHash)
    {
        if (_unprotected.Admits(out var leftOut))
            Log.ExecutesUnprotected(logger, keyHash, leftOut);
    }

    public void CompletionFailed(Exception exception, KeyHash keyHash, int attempt)
    {
        if (_completions.Admits(out var leftOut))
            Log.CompletionFailed(logger, exception, keyHash, attempt, leftOut);
    }

    public void ReleaseFailed(Exception exception, KeyHash keyHash)
    {
        if (_releases.Admits(out var leftOut))
            Log.ReleaseFailed(logger, exception, keyHash, leftOut);
    }
}
