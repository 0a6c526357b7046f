using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Internal;

/// <summary>Follows a key by the messages on the channel of its name. One that is missed costs at most the rest of the lease.</summary>
internal sealed class RedisKeyWatch : KeyWatch
{
    // The server drops a key a moment after its end; and a timer counts in milliseconds.
    private static readonly TimeSpan Little = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(1);

    private readonly RedisIdempotencyStore _store;
    private readonly string _key;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly RedisChannel _channel;
    private readonly Action<RedisChannel, RedisValue> _wake;
    private Task _subscribing = Task.CompletedTask;
    private RedisLink? _link;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RedisKeyWatch(RedisIdempotencyStore store, string key, TimeProvider timeProvider, ILogger logger)
    {
        _store = store;
        _key = key;
        _timeProvider = timeProvider;
        _logger = logger;
        _channel = new(key, RedisChannel.PatternMode.Literal);
        _wake = (_, _) => Wake();
    }

    /// <summary>How long the holder's lease lasts if it is not renewed, as the last attempt to claim found it.</summary>
    public TimeSpan LeaseLeft { get; set; }

    public static async ValueTask<KeyWatch> OpenAsync(RedisIdempotencyStore store, string key, TimeProvider timeProvider, ILogger logger)
    {
        var watch = new RedisKeyWatch(store, key, timeProvider, logger);
        store.Connection.Interrupted += watch.Wake;
        await watch.ListenAsync();
        return watch;
    }

    public override async ValueTask<ClaimResult> TryClaimAsync(ClaimOptions options)
    {
        // Before the claim, from which on the holder sends messages; and before the connection can be replaced once more.
        Volatile.Write(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        if (_link is { IsReplaced: true })
            await ListenAsync();
        return await _store.AttemptAsync(_key, options, this, CancellationToken.None);
    }

    public override async Task ChangedAsync(Task nobodyWaits)
    {
        Task woken = Task.WhenAny(_changed.Task, nobodyWaits);
        await woken.WaitAsync(LeaseLeft < LongestTimer ? LeaseLeft + Little : LongestTimer, _timeProvider)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public override async ValueTask DisposeAsync()
    {
        _store.Connection.Interrupted -= Wake;
        await UnsubscribeAsync().WaitAsync(_store.Calls.Timeout, _timeProvider).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ListenAsync()
    {
        try
        {
            // Of a connection that was replaced, where it may hang.
            RedisCalls.Forget(_subscribing);
            _subscribing = SubscribeAsync();
            await _subscribing.WaitAsync(_store.Calls.Timeout, _timeProvider);
        }
        catch (Exception exception)
        {
            RedisStoreLog.NotSubscribed(_logger, exception, new(_key));
        }
    }

    private async Task SubscribeAsync()
    {
        _link = await _store.Connection.LinkAsync();
        await _link.SubscribeAsync(_channel, _wake);
        // Nobody waits for the subscription any more when it comes late, and a message may have gone by.
        Wake();
    }

    /// <summary>Goes on alone when nobody waits for it any more: a subscription that comes late, or again, would stay for ever. Never throws.</summary>
    private async Task UnsubscribeAsync()
    {
        await _subscribing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            if (_link is { } link)
                await link.UnsubscribeAsync(_channel, _wake);
        }
        catch
        {
            // The connection has ended, and all its subscriptions with it.
        }
    }

    private void Wake() => Volatile.Read(ref _changed).TrySetResult();
}
