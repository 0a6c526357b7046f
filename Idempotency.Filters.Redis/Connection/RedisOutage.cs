namespace Idempotency.Filters.Redis.Connection;

/// <summary>
/// Whether the connection as a whole has been away for the time of an operation, as far as those who ask have seen. Only the state of the
/// connection counts, never a call that failed: a slow key or a lost node of a cluster says nothing of the others.
/// </summary>
internal sealed class RedisOutage
{
    private const long None = 0;

    private readonly RedisConnection _connection;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _timeProvider;
    private long _since;

    public RedisOutage(RedisConnection connection, TimeSpan patience, TimeProvider timeProvider)
    {
        _connection = connection;
        _patience = patience;
        _timeProvider = timeProvider;
        // Nobody may ask while it is there, before it goes away again.
        connection.Interrupted += Forget;
    }

    public bool HasLasted
    {
        get
        {
            if (!_connection.IsAway)
            {
                Forget();
                return false;
            }

            var now = _timeProvider.GetTimestamp();
            var since = Interlocked.CompareExchange(ref _since, now, None);
            // It may have come back before this was written.
            if (!_connection.IsAway)
                Forget();
            return since != None && _timeProvider.GetElapsedTime(since, now) >= _patience;
        }
    }

    private void Forget()
    {
        if (Volatile.Read(ref _since) != None)
            Volatile.Write(ref _since, None);
    }
}
