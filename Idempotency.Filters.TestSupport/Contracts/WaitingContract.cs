using System.Buffers;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>Waiting for a key that is in flight.</summary>
internal abstract class WaitingContract<TStore> : ContractFixture<TStore>
    where TStore : IContractStore, new()
{
    [Test]
    public async Task WaitOnAFreeKeyAcquiresAtOnce()
    {
        using var result = await Soon(Wait());

        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task WaitOnACompletedKeyAnswersAtOnce()
    {
        await CompleteKeyAsync("the answer");

        using var result = await Soon(Wait());

        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Completed));
        Assert.That(Text(result.Record), Is.EqualTo("the answer"));
    }

    [Test]
    public async Task EveryWaiterGetsTheRecord()
    {
        var leader = await AcquireAsync(Held);
        var waiters = Enumerable.Range(0, 5).Select(_ => Wait()).ToArray();
        Assert.That(waiters.Any(waiter => waiter.IsCompleted), Is.False);

        await CompleteAsync(leader, "the answer");

        foreach (var result in await Soon(Task.WhenAll(waiters)))
        {
            Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Completed));
            Assert.That(Text(result.Record), Is.EqualTo("the answer"));
            result.Dispose();
        }
    }

    [Test]
    public async Task ReleaseHandsTheKeyToExactlyOneWaiter()
    {
        var leader = await AcquireAsync(Held);
        var waiters = Enumerable.Range(0, 5).Select(_ => Wait()).ToList();

        await leader.DisposeAsync();

        var first = await Soon(Task.WhenAny(waiters));
        var successor = await first;
        Assert.That(successor.Outcome, Is.EqualTo(ClaimOutcome.Acquired));
        Assert.That(waiters.Count(waiter => waiter.IsCompleted), Is.EqualTo(1));

        waiters.Remove(first);
        await CompleteAsync(successor.Claim!, "the second answer");
        Assert.That(
            (await Soon(Task.WhenAll(waiters))).Select(result => Text(result.Record)), Is.All.EqualTo("the second answer"));
    }

    [Test]
    public async Task OverCompletedWaitersAcquireOneAfterTheOther()
    {
        var leader = await AcquireAsync(Over);
        var waiters = Enumerable.Range(0, 3).Select(_ => Wait(Over)).ToList();
        await CompleteAsync(leader, "0");

        for (var turn = 1; turn <= 3; turn++)
        {
            var next = await Soon(Task.WhenAny(waiters));
            Assert.That(waiters.Count(waiter => waiter.IsCompleted), Is.EqualTo(1));
            waiters.Remove(next);
            var claim = (await next).Claim!;
            Assert.That(Text(claim.PreviousRecord!.Value), Is.EqualTo($"{turn - 1}"));
            await CompleteAsync(claim, $"{turn}");
        }

        Assert.That(await RecordAsync(Held), Is.EqualTo("3"));
    }

    [Test]
    public async Task RecordIsForEveryWaiterAlsoBehindOneThatClaimsOverIt()
    {
        var leader = await AcquireAsync(Held);
        var over = Wait(Over);
        var waiter = Wait();

        await CompleteAsync(leader, "the answer");

        Assert.That((await Soon(waiter)).Outcome, Is.EqualTo(ClaimOutcome.Completed));
        Assert.That((await Soon(over)).Outcome, Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task WaiterTakesOverWhenTheLeaseEnds()
    {
        await AcquireAsync(Unrenewed);
        var waiter = Wait();

        await LetTimePassAsync(Lease * 1.25);

        Assert.That((await Soon(waiter)).Outcome, Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task OneOfManyWaitersTakesOverWhenTheLeaseEnds()
    {
        await AcquireAsync(Unrenewed);
        var waiters = new[] { Wait(), Wait() };

        await LetTimePassAsync(Lease * 1.25);

        var successor = await await Soon(Task.WhenAny(waiters));
        Assert.That(successor.Outcome, Is.EqualTo(ClaimOutcome.Acquired));
        Assert.That(waiters.Count(waiter => waiter.IsCompleted), Is.EqualTo(1));
    }

    [Test]
    public async Task WaiterTakesOverWhenTheKeyIsAbandoned()
    {
        var leader = await AcquireAsync(Held);
        var waiter = Wait();

        leader.Abandon();
        await LetTimePassAsync(Lease * 1.25);

        Assert.That((await Soon(waiter)).Outcome, Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task WaiterIsToldThatTheKeyIsInterrupted()
    {
        await AcquireAsync(Refused);
        var waiters = new[] { Wait(), Wait() };

        await LetTimePassAsync(Lease * 1.25);

        Assert.That((await Soon(Task.WhenAll(waiters))).Select(result => result.Outcome), Is.All.EqualTo(ClaimOutcome.Interrupted));
    }

    [Test]
    public async Task WaitEndsWithItsTimeout()
    {
        await AcquireAsync(Held);
        var waiter = Store.WaitAsync(Key, Held, Lease, None).AsTask();

        await LetTimePassAsync(Lease * 1.25);

        Assert.That((await Soon(waiter)).Outcome, Is.EqualTo(ClaimOutcome.InFlight));
    }

    [Test]
    public async Task WaitWithoutTimeDoesNotWait()
    {
        await AcquireAsync(Held);

        using var result = await Soon(Store.WaitAsync(Key, Held, TimeSpan.Zero, None).AsTask());

        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.InFlight));
    }

    [Test]
    public async Task CancelledWaitThrows()
    {
        await AcquireAsync(Held);
        using var leaving = new CancellationTokenSource();
        var waiter = Wait(leaving.Token);

        await leaving.CancelAsync();

        Assert.That(async () => await Soon(waiter), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(async () => await Soon(Wait(leaving.Token)), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task WaiterThatLeavesDisturbsNobody()
    {
        var leader = await AcquireAsync(Held);
        using var leaving = new CancellationTokenSource();
        var leaver = Wait(leaving.Token);
        var stayer = Wait();

        await leaving.CancelAsync();
        Assert.That(async () => await Soon(leaver), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(leader.Lost.IsCancellationRequested, Is.False);
        await leader.DisposeAsync();

        Assert.That((await Soon(stayer)).Outcome, Is.EqualTo(ClaimOutcome.Acquired));
    }

    [Test]
    public async Task ClaimHandedToAWaiterThatLeavesIsNotLost()
    {
        for (var round = 0; round < 50; round++)
        {
            var leader = await AcquireAsync(Held);
            using var leaving = new CancellationTokenSource();
            var waiter = Wait(leaving.Token);

            await leader.DisposeAsync();
            await leaving.CancelAsync();

            if (await Soon(OrNothing(waiter)) is { } claim)
                await claim.DisposeAsync();

            await using var next = (await Soon(Wait())).Claim;
            Assert.That(next, Is.Not.Null);
        }

        static async Task<IdempotencyClaim?> OrNothing(Task<ClaimResult> waiter)
        {
            try
            {
                return (await waiter).Claim;
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }
    }

    private static TimeSpan LongWait => TimeSpan.FromHours(1);

    private Task<ClaimResult> Wait() => Wait(Held);

    private Task<ClaimResult> Wait(ClaimOptions options) => Store.WaitAsync(Key, options, LongWait, None).AsTask();

    private Task<ClaimResult> Wait(CancellationToken cancellationToken) => Store.WaitAsync(Key, Held, LongWait, cancellationToken).AsTask();
}
