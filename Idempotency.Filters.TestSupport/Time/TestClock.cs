using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.TestSupport;

/// <summary>
/// What <see cref="FakeTimeProvider"/> cannot do: say how many timers wait, and let pauses that are none of the test's business end by themselves.
/// </summary>
internal sealed class TestClock : FakeTimeProvider
{
    private int _activeTimers;

    /// <summary>How many timers are waiting to fire.</summary>
    public int ActiveTimers => Volatile.Read(ref _activeTimers);

    /// <summary>Pauses below this pass in real time while this clock stands still: for what asks again and again.</summary>
    public TimeSpan PassInRealTime { get; init; }

    /// <summary>Pauses up to this end at once, and move this clock by their length: for retries with a back-off.</summary>
    public TimeSpan EndAtOnce { get; init; }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime > TimeSpan.Zero && dueTime < PassInRealTime)
            return System.CreateTimer(callback, state, dueTime, period);

        var timer = new CountedTimer(this, callback, state);
        timer.Change(dueTime, period);
        if (dueTime > TimeSpan.Zero && dueTime <= EndAtOnce)
            ThreadPool.QueueUserWorkItem(_ => Advance(dueTime));
        return timer;
    }

    private sealed class CountedTimer : ITimer
    {
        private readonly TestClock _clock;
        private readonly TimerCallback _callback;
        private readonly object? _state;
        private readonly ITimer _timer;
        private bool _repeats;
        private int _waiting;

        public CountedTimer(TestClock clock, TimerCallback callback, object? state)
        {
            (_clock, _callback, _state) = (clock, callback, state);
            _timer = clock.CreateFakeTimer(Fire);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _repeats = period > TimeSpan.Zero;
            Count(waiting: dueTime != Timeout.InfiniteTimeSpan);
            return _timer.Change(dueTime, period);
        }

        public void Dispose()
        {
            Count(waiting: false);
            _timer.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Count(waiting: false);
            return _timer.DisposeAsync();
        }

        private void Fire(object? unused)
        {
            if (!_repeats)
                Count(waiting: false);
            _callback(_state);
        }

        private void Count(bool waiting)
        {
            var now = waiting ? 1 : 0;
            Interlocked.Add(ref _clock._activeTimers, now - Interlocked.Exchange(ref _waiting, now));
        }
    }

    private ITimer CreateFakeTimer(TimerCallback callback) =>
        base.CreateTimer(callback, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
}
