using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Memory;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Tests.Stores.Memory;

[TestFixture]
public class MemoryIdempotencyStoreTests
{
    private const int SmallKey = MemoryCapacity.KeyOverhead + MemoryCapacity.SmallRecord;

    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromSeconds(30) };
    private static readonly ClaimOptions Refused = Held with { RenewFor = TimeSpan.Zero, WhenInterrupted = InterruptedBehavior.Block };
    private static readonly TimeSpan Retention = TimeSpan.FromMinutes(10);

    private TestClock _time = null!;
    private WarningList _log = null!;

    private static CancellationToken None => CancellationToken.None;

    [SetUp]
    public void StartClock()
    {
        _time = new();
        _log = new();
    }

    [Test]
    public async Task KeyBeyondMaxEntriesIsRefusedWithTheOptionToRaise()
    {
        var store = CreateStore(new() { MaxEntries = 2 });
        await CompleteAsync(store, "a", 1);
        await AcquireAsync(store, "b");

        Assert.That(
            async () => await store.ClaimAsync("c", Held, None),
            Throws.TypeOf<IdempotencyStoreFullException>().With.Message.Contains("MemoryStoreOptions.MaxEntries"));
        Assert.That((await store.ClaimAsync("a", Held, None)).Outcome, Is.EqualTo(ClaimOutcome.Completed));
        Assert.That((await store.ClaimAsync("b", Held, None)).Outcome, Is.EqualTo(ClaimOutcome.InFlight));
    }

    [Test]
    public async Task KeyBeyondMaxBytesIsRefusedWithTheOptionToRaise()
    {
        var store = CreateStore(new() { MaxBytes = 2 * SmallKey });
        await AcquireAsync(store, "a");
        await AcquireAsync(store, "b");

        Assert.That(
            async () => await store.WaitAsync("c", Held, Retention, None),
            Throws.TypeOf<IdempotencyStoreFullException>().With.Message.Contains("MemoryStoreOptions.MaxBytes"));
        Assert.That(store.Capacity.Entries.Used, Is.EqualTo(2));
    }

    [Test]
    public async Task KeyBeyondMaxKeysPerCallerIsRefusedToThatCallerAlone()
    {
        var store = CreateStore(new() { MaxKeysPerCaller = 2 });
        var (alice, bob) = (Held with { Caller = "alice" }, Held with { Caller = "bob" });
        await AcquireAsync(store, "1", alice);
        var second = await AcquireAsync(store, "2", alice);

        Assert.That(
            async () => await store.ClaimAsync("3", alice, None),
            Throws.TypeOf<IdempotencyStoreFullException>().With.Property("IsLimitOfCaller").True
                .And.Message.Contains("MemoryStoreOptions.MaxKeysPerCaller"));
        await AcquireAsync(store, "4", bob);
        await AcquireAsync(store, "5");

        await second.DisposeAsync();
        await AcquireAsync(store, "3", alice);
    }

    [Test]
    public async Task RefusedKeyLeavesNothingBehind()
    {
        var store = CreateStore(new() { MaxEntries = 1, MaxKeysPerCaller = 5 });
        await AcquireAsync(store, "x:alice:1");

        Assert.That(async () => await store.ClaimAsync("x:bob:1", Held, None), Throws.TypeOf<IdempotencyStoreFullException>());

        Assert.That(store.Capacity.Callers, Is.EqualTo(1));
        Assert.That(store.Capacity.Entries.Used, Is.EqualTo(1));
        Assert.That(store.Capacity.Bytes.Used, Is.EqualTo(SmallKey));
    }

    [Test]
    public async Task FullStoreMakesRoomFromWhatExpiredInAnyShard()
    {
        // With room for only one key, the expired key is sooner or later in another shard than the new one.
        var store = CreateStore(new() { MaxEntries = 1 });
        for (var i = 0; i < 50; i++)
        {
            await CompleteAsync(store, $"key{i}", 1);
            _time.Advance(Retention);
        }
    }

    [Test]
    public async Task FullStoreMakesRoomFromAnExpiryThatMovedCloser()
    {
        var store = CreateStore(new() { MaxEntries = 1 });
        var claim = await AcquireAsync(store, "a", Held with { RenewFor = TimeSpan.FromDays(1) });
        using (await claim.CompleteAsync(default, TimeSpan.FromSeconds(1), None))
        {
        }

        _time.Advance(TimeSpan.FromSeconds(1));

        await AcquireAsync(store, "b");
    }

    [Test]
    public async Task RecordWithoutRoomIsTooLargeAndASmallOneIsNot()
    {
        var store = CreateStore(new() { MaxBytes = 4 * SmallKey });
        await using var other = await AcquireAsync(store, "b");
        var claim = await AcquireAsync(store, "a");

        Assert.That(await OutcomeAsync(claim, new byte[3 * SmallKey]), Is.EqualTo(CompletionOutcome.TooLarge));
        Assert.That((await store.ClaimAsync("a", Held, None)).Outcome, Is.EqualTo(ClaimOutcome.InFlight));
        Assert.That(store.Capacity.Bytes.Used, Is.EqualTo(2 * SmallKey));

        await AcquireAsync(store, "c");
        await AcquireAsync(store, "d");
        Assert.That(await OutcomeAsync(claim, new byte[MemoryCapacity.SmallRecord]), Is.EqualTo(CompletionOutcome.Stored));
    }

    [Test]
    public async Task RecordTakesTheRoomOfWhatExpired()
    {
        var store = CreateStore(new() { MaxBytes = 4 * SmallKey });
        await CompleteAsync(store, "old", 2 * SmallKey);
        var claim = await AcquireAsync(store, "new");
        _time.Advance(Retention);

        Assert.That(await OutcomeAsync(claim, new byte[2 * SmallKey]), Is.EqualTo(CompletionOutcome.Stored));
    }

    [Test]
    public async Task RecordOfALostClaimIsRefusedWhenTheStoreIsFull()
    {
        var store = CreateStore(new() { MaxEntries = 1 });
        var claim = await AcquireAsync(store, "a", Held with { RenewFor = TimeSpan.Zero });
        _time.Advance(Held.Lease * 2);
        await AcquireAsync(store, "b");

        Assert.That(async () => await OutcomeAsync(claim, []), Throws.TypeOf<IdempotencyStoreFullException>());
        Assert.That(store.Capacity.Entries.Used, Is.EqualTo(1));
    }

    [Test]
    public async Task RecordOfAPurgedClaimIsRestored()
    {
        var store = CreateStore(new());
        var claim = await AcquireAsync(store, "a", Held with { RenewFor = TimeSpan.Zero });
        _time.Advance(Held.Lease * 2);
        store.Purge();

        Assert.That(claim.Lost.IsCancellationRequested, Is.True);
        Assert.That(await OutcomeAsync(claim, [1]), Is.EqualTo(CompletionOutcome.Restored));
        Assert.That((await store.ClaimAsync("a", Held, None)).Outcome, Is.EqualTo(ClaimOutcome.Completed));
    }

    [Test]
    public async Task RecordOfAPurgedClaimWithoutRoomLeavesNothingBehind()
    {
        var store = CreateStore(new() { MaxBytes = 2 * SmallKey });
        var claim = await AcquireAsync(store, "a", Held with { RenewFor = TimeSpan.Zero });
        _time.Advance(Held.Lease * 2);
        store.Purge();

        Assert.That(await OutcomeAsync(claim, new byte[4 * SmallKey]), Is.EqualTo(CompletionOutcome.TooLarge));
        Assert.That(store.Capacity.Entries.Used, Is.Zero);
        Assert.That(await OutcomeAsync(claim, [1]), Is.EqualTo(CompletionOutcome.Restored));
    }

    [Test]
    public async Task BytesAreThoseOfTheRecordsThatStand()
    {
        var store = CreateStore(new());
        await CompleteAsync(store, "a", 10_000);
        Assert.That(store.Capacity.Bytes.Used, Is.EqualTo(MemoryCapacity.KeyOverhead + 10_000));

        var over = await AcquireAsync(store, "a", Held with { OverCompleted = true });
        Assert.That(await OutcomeAsync(over, new byte[2_000]), Is.EqualTo(CompletionOutcome.Stored));
        Assert.That(store.Capacity.Bytes.Used, Is.EqualTo(MemoryCapacity.KeyOverhead + 2_000));

        await AcquireAsync(store, "a", Held with { OverCompleted = true, RenewFor = Retention });
        _time.Advance(Retention + Held.Lease);
        await AcquireAsync(store, "a");
        Assert.That(store.Capacity.Bytes.Used, Is.EqualTo(SmallKey));
    }

    [Test]
    public async Task NothingIsLeftOfKeysThatAreReleasedOrExpired()
    {
        var store = CreateStore(new() { MaxKeysPerCaller = 1000 });
        await (await AcquireAsync(store, "x:a:released")).DisposeAsync();
        Assert.That(store.Capacity.Entries.Used, Is.Zero);

        await CompleteAsync(store, "x:a:completed", 2_000);
        (await AcquireAsync(store, "x:a:abandoned")).Abandon();
        await AcquireAsync(store, "x:b:hung", Held with { RenewFor = TimeSpan.FromMinutes(1) });
        await AcquireAsync(
            store,
            "x:c:interrupted",
            Held with { RenewFor = TimeSpan.Zero, WhenInterrupted = InterruptedBehavior.Block, BlockFor = Retention });
        var over = await AcquireAsync(store, "x:a:completed", Held with { OverCompleted = true });
        over.Abandon();
        Assert.That(store.Capacity.Entries.Used, Is.EqualTo(4));

        _time.Advance(Retention + Held.Lease);
        store.Purge();

        Assert.That(store.Capacity.Entries.Used, Is.Zero);
        Assert.That(store.Capacity.Bytes.Used, Is.Zero);
        Assert.That(store.Capacity.Callers, Is.Zero);
    }

    [Test]
    public async Task ResolvedAndForgottenKeysTakeTheRoomOfWhatTheyHold()
    {
        var store = CreateStore(new() { MaxKeysPerCaller = 1000 });
        await CompleteAsync(store, "x:a:1", 10_000);
        await CompleteAsync(store, "x:a:2", 10_000);
        await CompleteAsync(store, "x:a:3", 10_000);

        await store.ResolveAsync("x:a:1", (await store.FindAsync("x:a:1", None))!, null, Retention, None);
        await store.ResolveAsync("x:a:2", (await store.FindAsync("x:a:2", None))!, new(new byte[2_000]), Retention, None);
        Assert.That(store.Capacity.Entries.Used, Is.EqualTo(2));
        Assert.That(store.Capacity.Bytes.Used, Is.EqualTo((2 * MemoryCapacity.KeyOverhead) + 12_000));

        await store.ForgetAsync("x:a:", None);
        Assert.That(store.Capacity.Entries.Used, Is.Zero);
        Assert.That(store.Capacity.Bytes.Used, Is.Zero);
        Assert.That(store.Capacity.Callers, Is.Zero);
    }

    [Test]
    public async Task ResolutionWithoutRoomIsRefusedAndChangesNothing()
    {
        var store = CreateStore(new() { MaxBytes = 4 * SmallKey });
        await AcquireAsync(store, "a", Refused);
        _time.Advance(Held.Lease);
        var found = (await store.FindAsync("a", None))!;

        Assert.That(
            async () => await store.ResolveAsync("a", found, new(new byte[4 * SmallKey]), Retention, None),
            Throws.TypeOf<IdempotencyStoreFullException>().With.Message.Contains("MemoryStoreOptions.MaxBytes"));
        Assert.That((await store.FindAsync("a", None))!.Version, Is.EqualTo(found.Version));
        Assert.That(store.Capacity.Bytes.Used, Is.EqualTo(SmallKey));
    }

    [Test]
    public async Task ResolutionMakesRoomFromWhatExpiredInAnyShard()
    {
        var store = CreateStore(new() { MaxBytes = 100 * SmallKey });
        await AcquireAsync(store, "a", Refused);
        _time.Advance(Held.Lease);
        for (var i = 0; i < 99; i++)
            await CompleteAsync(store, $"old{i}", 1);
        _time.Advance(Retention);

        Assert.That(
            await store.ResolveAsync("a", (await store.FindAsync("a", None))!, new(new byte[50 * SmallKey]), Retention, None), Is.True);
    }

    [Test]
    public async Task ClaimsTakeExpiredRecordsOutAsTheyGo()
    {
        var store = CreateStore(new());
        for (var i = 0; i < 1_000; i++)
            await CompleteAsync(store, $"old{i}", 1);

        _time.Advance(Retention);
        for (var i = 0; i < 1_000; i++)
            await AcquireAsync(store, $"new{i}");

        Assert.That(store.Capacity.Entries.Used, Is.EqualTo(1_000));
    }

    [Test]
    public async Task UnexpiredRecordsAndClaimsAreNeverPurged()
    {
        var store = CreateStore(new());
        await CompleteAsync(store, "completed", 1);
        await AcquireAsync(store, "held");
        await AcquireAsync(store, "refused", Held with { RenewFor = TimeSpan.Zero, WhenInterrupted = InterruptedBehavior.Block });

        _time.Advance(Retention - TimeSpan.FromTicks(1));
        store.Purge();

        Assert.That(store.Capacity.Entries.Used, Is.EqualTo(3));
    }

    [Test]
    public async Task NearlyFullStoreWarnsOncePerCrossing()
    {
        var store = CreateStore(new() { MaxEntries = 10 });
        var claims = new Stack<IdempotencyClaim>();
        await ClaimUpToAsync(7);
        Assert.That(_log.EventIds, Is.Empty);

        await ClaimUpToAsync(10);
        Assert.That(_log.EventIds, Is.EqualTo((int[])[40]));

        await ReleaseDownToAsync(7);
        await ClaimUpToAsync(10);
        Assert.That(_log.EventIds, Is.EqualTo((int[])[40]), "It has not been below 70 % in between.");

        await ReleaseDownToAsync(6);
        await ClaimUpToAsync(8);
        Assert.That(_log.EventIds, Is.EqualTo((int[])[40, 40]));

        async Task ClaimUpToAsync(int count)
        {
            while (claims.Count < count)
                claims.Push(await AcquireAsync(store, $"key{claims.Count}"));
        }

        async Task ReleaseDownToAsync(int count)
        {
            while (claims.Count > count)
                await claims.Pop().DisposeAsync();
        }
    }

    [Test]
    public async Task RecordsThatNearlyFillTheStoreWarn()
    {
        var store = CreateStore(new() { MaxBytes = 100_000 });

        await CompleteAsync(store, "a", 79_000);
        Assert.That(_log.EventIds, Is.Empty);

        await CompleteAsync(store, "b", 1);
        Assert.That(_log.EventIds, Is.EqualTo((int[])[41]));
    }

    [Test]
    public async Task ClaimWhoseLossNobodyWatchesAllocatesNothingForIt()
    {
        var store = CreateStore(new());
        var options = Held with { RenewFor = TimeSpan.Zero };
        var unwatched = await BytesPerTakeOverAsync(watch: false);
        Assert.That(await BytesPerTakeOverAsync(watch: true), Is.GreaterThanOrEqualTo(unwatched + 24));

        async Task<long> BytesPerTakeOverAsync(bool watch)
        {
            const int Rounds = 1_000;
            var before = 0L;
            for (var i = -10; i < Rounds; i++)
            {
                if (i == 0)
                    before = GC.GetAllocatedBytesForCurrentThread();

                var result = store.ClaimAsync("a", options, None);
                _ = watch && (await result).Claim!.Lost.CanBeCanceled;
                _time.Advance(Held.Lease);
            }

            return (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds;
        }
    }

    [Test]
    public async Task LossThatIsReadLateIsKnown()
    {
        var store = CreateStore(new());
        var zombie = await AcquireAsync(store, "a", Held with { RenewFor = TimeSpan.Zero });
        _time.Advance(Held.Lease);
        await AcquireAsync(store, "a");

        Assert.That(zombie.Lost.IsCancellationRequested, Is.True);
    }

    [Test]
    public async Task ReleasedClaimCannotComplete()
    {
        var claim = await AcquireAsync(CreateStore(new()), "a");
        await claim.DisposeAsync();

        Assert.That(async () => await OutcomeAsync(claim, []), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public async Task WaitersAreServedInTurnAndLeaveNoTimer()
    {
        var store = CreateStore(new());
        var claim = await AcquireAsync(store, "a", Held with { RenewFor = Retention });
        var waiters = Enumerable.Range(0, 3).Select(_ => store.WaitAsync("a", Held, Retention, None).AsTask()).ToArray();

        foreach (var waiter in waiters)
        {
            await claim.DisposeAsync();
            claim = (await waiter).Claim!;
        }

        await claim.DisposeAsync();
        Assert.That(_time.ActiveTimers, Is.Zero);
        Assert.That(store.Capacity.Entries.Used, Is.Zero);
    }

    [Test]
    public async Task WaitersLookAtTheLeaseOfWhoeverHoldsTheKeyNow()
    {
        var store = CreateStore(new());
        var leader = await AcquireAsync(store, "a");
        var hung = store.WaitAsync("a", Held with { RenewFor = TimeSpan.Zero }, Retention, None).AsTask();
        var next = store.WaitAsync("a", Held, Retention, None).AsTask();

        await leader.DisposeAsync();
        await hung;
        _time.Advance(Held.Lease);

        Assert.That((await next.Soon()).Outcome, Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task WaiterWhoseTimeEndsWithTheLeaseTakesOver()
    {
        var store = CreateStore(new());
        await AcquireAsync(store, "a", Held with { RenewFor = TimeSpan.Zero });
        var waiter = store.WaitAsync("a", Held, Held.Lease, None);

        // This restarts the timer of the lease, so that it fires after the timer of the wait.
        await store.ClaimAsync("a", Held, None);
        _time.Advance(Held.Lease);

        Assert.That((await waiter).Outcome, Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task ForgettingAKeyWhoseLeaseJustEndedAnswersThoseWhoWait()
    {
        var store = CreateStore(new());
        var tick = TimeSpan.FromTicks(1);
        await AcquireAsync(store, "a", Refused with { Lease = Held.Lease + tick });
        var waiter = store.WaitAsync("a", Held, Retention, None).AsTask();

        // Timers count in milliseconds, so the timer of the lease has not fired yet.
        _time.Advance(Held.Lease + tick);
        Assert.That(waiter.IsCompleted, Is.False);

        Assert.That(await store.ForgetAsync("a", None), Is.EqualTo(1));
        Assert.That((await waiter.Soon()).Outcome, Is.EqualTo(ClaimOutcome.Interrupted));
    }

    [Test]
    public async Task LeaseAndWaitMayLastForEver()
    {
        var store = CreateStore(new());
        var endless = Held with { Lease = TimeSpan.MaxValue, RenewFor = TimeSpan.MaxValue };
        var claim = await AcquireAsync(store, "a", endless);
        var waiter = store.WaitAsync("a", endless, TimeSpan.FromDays(40), None);

        _time.Advance(TimeSpan.FromDays(30));
        await claim.DisposeAsync();

        Assert.That((await waiter).Outcome, Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task TenThousandWaitersOnOneKeyAreServed()
    {
        var store = CreateStore(new());
        var leader = await AcquireAsync(store, "a", Held with { RenewFor = Retention });
        using var leaving = new CancellationTokenSource();
        var stayers = new List<Task<ClaimResult>>();
        var leavers = new List<Task<ClaimResult>>();
        for (var i = 0; i < 5_000; i++)
        {
            leavers.Add(store.WaitAsync("a", Held, Retention, leaving.Token).AsTask());
            stayers.Add(store.WaitAsync("a", Held, Retention, None).AsTask());
        }

        await leaving.CancelAsync();
        await leader.DisposeAsync();
        var successor = (await stayers[0]).Claim!;
        Assert.That(stayers.Count(waiter => waiter.IsCompleted), Is.EqualTo(1));
        Assert.That(await OutcomeAsync(successor, [1]), Is.EqualTo(CompletionOutcome.Stored));

        var results = await Task.WhenAll(stayers.Skip(1));
        Assert.That(results.Count(result => result.Outcome == ClaimOutcome.Completed), Is.EqualTo(4_999));
        Assert.That(() => Task.WhenAll(leavers), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(leavers.Count(waiter => waiter.IsCanceled), Is.EqualTo(5_000));
        Assert.That(_time.ActiveTimers, Is.Zero);
    }

    private MemoryIdempotencyStore CreateStore(MemoryStoreOptions options) => new(options, _time, _log);

    private static Task<IdempotencyClaim> AcquireAsync(MemoryIdempotencyStore store, string key) => AcquireAsync(store, key, Held);

    private static async Task<IdempotencyClaim> AcquireAsync(MemoryIdempotencyStore store, string key, ClaimOptions options)
    {
        var result = await store.ClaimAsync(key, options, None);
        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Acquired));
        return result.Claim!;
    }

    private static async Task CompleteAsync(MemoryIdempotencyStore store, string key, int size) =>
        Assert.That(await OutcomeAsync(await AcquireAsync(store, key), new byte[size]), Is.EqualTo(CompletionOutcome.Stored));

    private static async Task<CompletionOutcome> OutcomeAsync(IdempotencyClaim claim, byte[] record)
    {
        using var completion = await claim.CompleteAsync(new(record), Retention, None);
        return completion.Outcome;
    }

    private sealed class WarningList : ILogger<MemoryIdempotencyStore>
    {
        public List<int> EventIds { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Assert.That(logLevel, Is.EqualTo(LogLevel.Warning));
            EventIds.Add(eventId.Id);
        }
    }
}
