using Idempotency.Filters.Stores;
using Medallion.Threading;
using Microsoft.Extensions.DependencyInjection;
using Moq;

namespace Idempotency.Filters.Tests.Medallion;

internal sealed class MedallionLockTests
{
    private Mock<IDistributedLockProvider> _provider = null!;
    private Mock<IDistributedLock> _lock = null!;
    private Mock<IDistributedSynchronizationHandle> _handle = null!;

    [SetUp]
    public void CreateProvider()
    {
        _handle = new();
        _lock = new();
        _lock.Setup(l => l.TryAcquireAsync(TimeSpan.Zero, It.IsAny<CancellationToken>())).ReturnsAsync(_handle.Object);
        _provider = new();
        _provider.Setup(p => p.CreateLock("name")).Returns(_lock.Object);
    }

    [Test]
    public async Task LockIsTriedWithoutWaitingAndGivenBackByItsHandle()
    {
        using var cancellation = new CancellationTokenSource();

        var handle = await LockOf(s => s.UseMedallionLock(_ => _provider.Object)).TryAcquireAsync("name", cancellation.Token);

        _lock.Verify(l => l.TryAcquireAsync(TimeSpan.Zero, cancellation.Token), Times.Once);
        _handle.Verify(h => h.DisposeAsync(), Times.Never);
        await handle!.DisposeAsync();
        _handle.Verify(h => h.DisposeAsync(), Times.Once);
    }

    [Test]
    public async Task LockOfAnotherIsNull()
    {
        _lock.Setup(l => l.TryAcquireAsync(TimeSpan.Zero, It.IsAny<CancellationToken>()))
            .ReturnsAsync((IDistributedSynchronizationHandle?)null);

        Assert.That(await TryAcquireAsync(), Is.Null);
    }

    [Test]
    public async Task LostHandleIsTold()
    {
        using var lost = new CancellationTokenSource();
        _handle.Setup(h => h.HandleLostToken).Returns(lost.Token);
        var handle = await TryAcquireAsync();
        Assert.That(handle!.Lost.IsCancellationRequested, Is.False);

        await lost.CancelAsync();

        Assert.That(handle.Lost.IsCancellationRequested, Is.True);
    }

    [Test]
    public async Task ProviderThatCannotTellNeverTells([Values] bool throws)
    {
        if (throws)
            _handle.Setup(h => h.HandleLostToken).Throws<NotSupportedException>();

        Assert.That((await TryAcquireAsync())!.Lost.CanBeCanceled, Is.False);
    }

    [Test]
    public void HandleThatIsOfNoUseIsGivenBack()
    {
        _handle.Setup(h => h.HandleLostToken).Throws(new ObjectDisposedException("handle"));

        Assert.That(async () => await TryAcquireAsync(), Throws.TypeOf<ObjectDisposedException>());
        _handle.Verify(h => h.DisposeAsync(), Times.Once);
    }

    [Test]
    public async Task ProviderIsTakenFromTheServices([Values("eu", null)] string? key)
    {
        var locks = LockOf(builder =>
        {
            builder.Services.AddKeyedSingleton(key, _provider.Object);
            builder.UseMedallionLock(key);
        });

        Assert.That(await locks.TryAcquireAsync("name", CancellationToken.None), Is.Not.Null);
    }

    [Test]
    public void MissingProviderIsToldByItsType() => Assert.That(
        () => LockOf(builder => builder.UseMedallionLock()),
        Throws.InvalidOperationException.With.Message.Contains(
            $"UseMedallionLock() found no {nameof(IDistributedLockProvider)}"));

    [Test]
    public async Task LostHandleEndsAClaimOfTheStore()
    {
        using var lost = new CancellationTokenSource();
        _handle.Setup(h => h.HandleLostToken).Returns(lost.Token);
        _provider.Setup(p => p.CreateLock(It.IsAny<string>())).Returns(_lock.Object);
        var services = new ServiceCollection().AddDistributedMemoryCache();
        services.AddIdempotency().UseDistributedCache().UseMedallionLock(_ => _provider.Object);
        await using var provider = services.BuildServiceProvider();
        var options = new ClaimOptions { Lease = TimeSpan.FromSeconds(30) };
        using var result = await provider.GetRequiredService<IIdempotencyStore>().ClaimAsync("key", options, CancellationToken.None);

        await lost.CancelAsync();

        Assert.That(result.Claim!.Lost.IsCancellationRequested, Is.True);
    }

    private async Task<IdempotencyLockHandle?> TryAcquireAsync() =>
        await LockOf(builder => builder.UseMedallionLock(_ => _provider.Object)).TryAcquireAsync("name", CancellationToken.None);

    private static IIdempotencyLock LockOf(Action<IIdempotencyBuilder> configure)
    {
        var builder = new ServiceCollection().AddIdempotency();
        configure(builder);
        return builder.Services.BuildServiceProvider().GetRequiredService<IIdempotencyLock>();
    }
}
