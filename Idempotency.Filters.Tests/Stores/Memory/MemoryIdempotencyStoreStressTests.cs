using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Memory;
using Microsoft.Extensions.Logging.Abstractions;

namespace Idempotency.Filters.Tests.Stores.Memory;

[TestFixture]
public class MemoryIdempotencyStoreStressTests
{
    private const int Keys = 3;
    private const int Workers = 32;

    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromHours(1) };

    [Test]
    public async Task ClaimsOfTheSameInstantHaveOneWinner()
    {
        const int Threads = 3;
        var store = new MemoryIdempotencyStore(new(), TimeProvider.System, NullLogger<MemoryIdempotencyStore>.Instance);
        var winners = new int[10_000];
        using var start = new Barrier(Threads);

        await Task.WhenAll(Enumerable.Range(0, Threads).Select(_ => Task.Factory.StartNew(
            () =>
            {
                try
                {
                    for (var round = 0; round < winners.Length; round++)
                    {
                        start.SignalAndWait();
                        if (store.ClaimAsync($"key{round}", Held, CancellationToken.None).AsTask().Result.Outcome == ClaimOutcome.Acquired)
                            Interlocked.Increment(ref winners[round]);
                    }
                }
                finally
                {
                    start.RemoveParticipant();
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));

        Assert.That(winners, Is.All.EqualTo(1));
        Assert.That(store.Capacity.Entries.Used, Is.EqualTo(winners.Length));
    }

    [TestCase(1_500)]
    [TestCase(50_000, Category = "Long")]
    public async Task NeverTwoHoldersAndNoClaimLost(int rounds)
    {
        var store = new MemoryIdempotencyStore(new(), TimeProvider.System, NullLogger<MemoryIdempotencyStore>.Instance);
        var holders = new int[Keys];
        var overlapped = false;
        var acquired = 0;

        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(() => WorkAsync(new Random(worker)))));

        Assert.That(overlapped, Is.False);
        Assert.That(acquired, Is.GreaterThan(Keys));
        for (var key = 0; key < Keys; key++)
        {
            using var result = await store.ClaimAsync($"key{key}", Held with { OverCompleted = true }, CancellationToken.None);
            Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Acquired), "A claim was lost on its way to a waiter.");
            using (await result.Claim!.CompleteAsync(default, TimeSpan.FromTicks(1), CancellationToken.None))
            {
            }
        }

        Assert.That(
            () =>
            {
                store.Purge();
                return (store.Capacity.Entries.Used, store.Capacity.Bytes.Used);
            },
            Is.EqualTo((0L, 0L)).After(120_000, 1));

        async Task WorkAsync(Random random)
        {
            for (var round = 0; round < rounds; round++)
            {
                var key = random.Next(Keys);
                var options = Held with { OverCompleted = random.Next(2) == 0 };
                using var result = await TryAsync($"key{key}", options, random);
                if (result.Claim is not { } claim)
                    continue;

                Interlocked.Increment(ref acquired);
                if (Interlocked.Increment(ref holders[key]) > 1)
                    Volatile.Write(ref overlapped, true);

                await Task.Yield();
                Interlocked.Decrement(ref holders[key]);
                if (random.Next(2) == 0)
                {
                    var record = new byte[random.Next(2_000)];
                    using (await claim.CompleteAsync(new(record), TimeSpan.FromTicks(random.Next(1, 2_000)), CancellationToken.None))
                    {
                    }
                }

                await claim.DisposeAsync();
            }
        }

        async Task<ClaimResult> TryAsync(string key, ClaimOptions options, Random random)
        {
            if (random.Next(3) == 0)
                return await store.ClaimAsync(key, options, CancellationToken.None);

            using var leaving = new CancellationTokenSource();
            var waiter = store.WaitAsync(key, options, TimeSpan.FromMilliseconds(random.Next(5)), leaving.Token);
            if (random.Next(2) == 0)
            {
                // Wait long enough to be near the head of the queue.
                for (var turns = random.Next(30); turns > 0; turns--)
                    await Task.Yield();

                leaving.Cancel();
            }

            try
            {
                return await waiter;
            }
            catch (OperationCanceledException)
            {
                return ClaimResult.InFlight;
            }
        }
    }
}
