using System.Buffers;
using System.Collections.Concurrent;
using Idempotency.Filters.Engine;
using Idempotency.Filters.Stores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Moq;

namespace Idempotency.Filters.Tests.Engine;

/// <summary>When records are retried, and what a shutdown waits for. StoreFaultTests covers what clients see of it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class CompletionRetrierTests : IDisposable
{
    // The defaults of MaxExecutionTime and Lease together.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5.5);

    // Pauses take no real time: each moves this clock by its length.
    private readonly TestClock _clock = new() { EndAtOnce = TimeSpan.FromMinutes(1) };
    private readonly Mock<IdempotencyClaim> _claim = new();
    private readonly ConcurrentQueue<TimeSpan> _attempts = new();
    private readonly ServiceProvider _services;
    private readonly CompletionRetrier _retrier;

    public CompletionRetrierTests()
    {
        var services = new ServiceCollection().AddSingleton<TimeProvider>(_clock);
        services.AddIdempotency();
        _services = services.BuildServiceProvider();
        _retrier = _services.GetRequiredService<CompletionRetrier>();
    }

    public void Dispose() => _services.Dispose();

    [Test]
    public async Task PausesGrowToHalfAMinuteForAsLongAsTheClaimCanBeHeld()
    {
        Attempt(_ => throw new IOException("down"));

        await CompleteAsync();
        await Waiting.UntilAsync(() => _retrier.PendingCount == 0);

        // Three attempts while the client waits, then more until MaxExecutionTime and a lease have passed: 5.5 minutes.
        double[] quick = [0, 0.05, 0.25];
        double[] later =
            [1.25, 3.25, 7.25, 15.25, 31.25, 61.25, 91.25, 121.25, 151.25, 181.25, 211.25, 241.25, 271.25, 301.25, 331.25];
        Assert.That(_attempts.Select(at => at.TotalSeconds), Is.EqualTo(quick.Concat(later)));
        _claim.Verify(claim => claim.Abandon(), Times.Once);
    }

    /// <summary>A record without a body always has room; a store that denies it has failed.</summary>
    [Test]
    public async Task RecordThatHasNoRoomEvenWithoutItsBodyIsTriedAgain()
    {
        Attempt(attempt => Task.FromResult(attempt <= 5 ? Completion.TooLarge : Completion.Stored));

        await CompleteAsync();
        await Waiting.UntilAsync(() => _retrier.PendingCount == 0);

        Assert.That(_attempts, Has.Count.EqualTo(6));
        _claim.Verify(claim => claim.Abandon(), Times.Never);
    }

    [Test]
    public async Task AttemptThatRunsAtShutdownAndFailsIsNotTheLastOne()
    {
        var (begun, fail) = (new Signal(), new Signal());
        Attempt(async attempt =>
        {
            if (attempt < 4)
                throw new IOException("down");
            if (attempt == 4)
            {
                begun.Fire();
                await fail.WaitAsync();
                throw new IOException("down");
            }

            return Completion.Stored;
        });
        await CompleteAsync();
        await begun.WaitAsync();

        var stopping = _retrier.StopAsync(CancellationToken.None);
        Assert.That(stopping.IsCompleted, Is.False);
        fail.Fire();
        await stopping.Soon();

        Assert.That(_attempts, Has.Count.EqualTo(5));
        _claim.Verify(claim => claim.Abandon(), Times.Never);
        _claim.Verify(claim => claim.DisposeAsync(), Times.Once);
    }

    [Test]
    public async Task ShutdownWaitsForAnExecutionThatBeganAfterOthersHadEnded()
    {
        _retrier.Entered();
        _retrier.Left();
        _retrier.Entered();

        var stopping = _retrier.StopAsync(CancellationToken.None);
        Assert.That(stopping.IsCompleted, Is.False);
        _retrier.Left();

        await stopping.Soon();
    }

    [Test]
    public async Task ShutdownWaitsForTheLastOfSeveralExecutions()
    {
        _retrier.Entered();
        _retrier.Entered();
        var stopping = _retrier.StopAsync(CancellationToken.None);

        _retrier.Left();
        Assert.That(stopping.IsCompleted, Is.False);
        _retrier.Left();

        await stopping.Soon();
    }

    [Test]
    public async Task ShutdownWithNothingToWaitForEndsAtOnce() => await _retrier.StopAsync(CancellationToken.None).Soon();

    [Test]
    public async Task ShutdownWaitsForAnExecutionNoLongerThanTheHostsPatience()
    {
        using var patience = new CancellationTokenSource();
        _retrier.Entered();
        var stopping = _retrier.StopAsync(patience.Token);

        await patience.CancelAsync();

        await stopping.Soon();
    }

    [Test]
    public async Task ShutdownWaitsForARecordNoLongerThanTheHostsPatience()
    {
        using var patience = new CancellationTokenSource();
        var hanging = new Signal();
        Attempt(async attempt =>
        {
            if (attempt < 4)
                throw new IOException("down");
            hanging.Fire();
            await new TaskCompletionSource().Task;
            return default;
        });
        await CompleteAsync();
        await hanging.WaitAsync();
        var stopping = _retrier.StopAsync(patience.Token);

        await patience.CancelAsync();

        await stopping.Soon();
    }

    /// <summary>The host's shutdown timeout has passed and its services are disposed when the store answers.</summary>
    [Test]
    public async Task AttemptThatOutlastsTheKeeperIsFollowedByALastOne()
    {
        var (begun, fail) = (new Signal(), new Signal());
        Attempt(async attempt =>
        {
            if (attempt < 4)
                throw new IOException("down");
            if (attempt == 4)
            {
                begun.Fire();
                await fail.WaitAsync();
            }

            throw new IOException("down");
        });
        await CompleteAsync();
        await begun.WaitAsync();
        await _retrier.StopAsync(new(canceled: true)).Soon();
        _retrier.Dispose();

        fail.Fire();
        await Waiting.UntilAsync(() => _retrier.PendingCount == 0);

        Assert.That(_attempts, Has.Count.EqualTo(5));
        _claim.Verify(claim => claim.Abandon(), Times.Once);
        _claim.Verify(claim => claim.DisposeAsync(), Times.Once);
    }

    private void Attempt(Func<int, Task<Completion>> complete)
    {
        var started = _clock.GetTimestamp();
        _claim.Setup(claim => claim.CompleteAsync(It.IsAny<ReadOnlySequence<byte>>(), It.IsAny<TimeSpan?>(), It.IsAny<CancellationToken>()))
            .Returns(async () =>
            {
                _attempts.Enqueue(_clock.GetElapsedTime(started));
                return await complete(_attempts.Count);
            });
    }

    private async Task CompleteAsync()
    {
        var claim = new ActiveClaim(_claim.Object, "key".ToStorageKey(), "(default)", Patience);
        var result = await _retrier.CompleteAsync(claim, new(new byte[] { 1 }), TimeSpan.FromHours(1));
        Assert.That(result, Is.EqualTo(new CompletionResult(default, BufferIsInUse: true, GoesOn: true)));
    }
}
