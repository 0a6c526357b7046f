using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.TestSupport;

/// <summary>
/// A <see cref="FakeTimeProvider"/> that also counts the waiting timers, and can end pauses that the test does not care about.
/// </summary>
internal sealed class TestClock : FakeTimeProvider
{
    private int _activeTimers;

    /// <summary>How many timers are waiting to fire.</summary>
    public int ActiveTimers => Volatile.Read(ref _activeTimers);

    /// <summary>Pauses shorter than this pass in real time while this clock stands still. Use it for polling.</summary>
    public TimeSpan PassInRealTime { get; init; }

    /// <summary>Pauses up to this long end at once and advance this clock. Use it for retries with a back-off.</summary>
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
