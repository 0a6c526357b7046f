using Idempotency.Filters.Redis.Connection;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Shared;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Store;

/// <summary>
/// Follows a key by the messages on the channel of its name. A message that is missed costs at most the rest of the lease.
/// </summary>
internal sealed class RedisKeyWatch : KeyWatch
{
    // The server drops a key a moment after its end, and a timer counts in milliseconds.
    private static readonly TimeSpan Little = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(1);

    private readonly RedisStoreContext _context;
    private readonly RedisClaimer _claimer;
    private readonly string _key;
    private readonly RedisChannel _channel;
    private readonly Action<RedisChannel, RedisValue> _wake;
    private readonly Action<TimeSpan> _inFlight;
    private Task _subscribing = Task.CompletedTask;
    private RedisLink? _link;
    private TimeSpan _leaseLeft;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RedisKeyWatch(RedisStoreContext context, RedisClaimer claimer, string key)
    {
        _context = context;
        _claimer = claimer;
        _key = key;
        _channel = RedisChannel.Literal(key);
        _wake = (_, _) => Wake();
        _inFlight = leaseLeft => _leaseLeft = leaseLeft;
    }

    public static async ValueTask<KeyWatch> OpenAsync(RedisStoreContext context, RedisClaimer claimer, string key)
    {
        var watch = new RedisKeyWatch(context, claimer, key);
        context.Connection.Interrupted += watch.Wake;
        await watch.ListenAsync();
        return watch;
    }

    public override ValueTask<ClaimResult> TryClaimAsync(ClaimOptions options)
    {
        // Before the claim: from then on the holder sends messages.
        Volatile.Write(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        // All who wait share the record, whole.
        return _claimer.AttemptAsync(_key, options with { PreviewLength = 0 }, _inFlight, CancellationToken.None);
    }

    public override async Task ChangedAsync(Task nobodyWaits)
    {
        Task woken = Task.WhenAny(_changed.Task, nobodyWaits);
        await woken.WaitAsync(_leaseLeft < LongestTimer ? _leaseLeft + Little : LongestTimer, _context.TimeProvider)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public override async ValueTask DisposeAsync()
    {
        _context.Connection.Interrupted -= Wake;
        await UnsubscribeAsync().WaitAsync(_context.Calls.Timeout, _context.TimeProvider)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ListenAsync()
    {
        try
        {
            _subscribing = SubscribeAsync();
            await _subscribing.WaitAsync(_context.Calls.Timeout, _context.TimeProvider);
        }
        catch (Exception exception)
        {
            RedisStoreLog.NotSubscribed(_context.Logger, exception, new(_key));
        }
    }

    private async Task SubscribeAsync()
    {
        _link = await _context.Connection.LinkAsync();
        await _link.Subscriptions.SubscribeAsync(_channel, _wake);
        // Nobody waits for the subscription any more when it comes late, and a message may have gone by.
        Wake();
    }

    /// <summary>Goes on by itself when nobody waits for it any more: the subscription may come late. Never throws.</summary>
    private async Task UnsubscribeAsync()
    {
        await _subscribing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            if (_link is { } link)
                await link.Subscriptions.UnsubscribeAsync(_channel, _wake);
        }
        catch
        {
            // The connection has ended, and all its subscriptions with it.
        }
    }

    private void Wake() => Volatile.Read(ref _changed).TrySetResult();
}
