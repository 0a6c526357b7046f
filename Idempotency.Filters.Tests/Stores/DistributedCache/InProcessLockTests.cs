using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.DistributedCache;

namespace Idempotency.Filters.Tests.Stores.DistributedCache;

internal sealed class InProcessLockTests
{
    private readonly InProcessLock _lock = new();

    [Test]
    public async Task OneOfManyHasIt()
    {
        using var start = new ManualResetEventSlim();
        var attempts = Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            start.Wait();
            return await TryAcquireAsync("a");
        })).ToArray();

        start.Set();

        var handles = (await Task.WhenAll(attempts)).OfType<IdempotencyLockHandle>().ToList();
        Assert.That(handles, Has.Count.EqualTo(1));
        await handles[0].DisposeAsync();
    }

    [Test]
    public async Task NamesAreIndependentAndAreForgotten()
    {
        var first = await TryAcquireAsync("a");
        var second = await TryAcquireAsync("b");
        Assert.That(second, Is.Not.Null);
        Assert.That(await TryAcquireAsync("a"), Is.Null);

        await first!.DisposeAsync();
        await second!.DisposeAsync();

        Assert.That(_lock.Count, Is.Zero);
    }

    [Test]
    public async Task HandleThatIsDisposedTwiceLetsGoOfNobodyElses()
    {
        var first = await TryAcquireAsync("a");
        await first!.DisposeAsync();
        await using var second = await TryAcquireAsync("a");

        await first.DisposeAsync();

        Assert.That(await TryAcquireAsync("a"), Is.Null);
        Assert.That(second!.Lost.CanBeCanceled, Is.False);
    }

    private Task<IdempotencyLockHandle?> TryAcquireAsync(string name) => _lock.TryAcquireAsync(name, CancellationToken.None).AsTask();
}
