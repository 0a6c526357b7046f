namespace Idempotency.Filters.Tests.Medallion;

/// <summary>Built where DistributedLock.Redis is not to be had, in place of the tests that need it.</summary>
internal sealed class MedallionRedisIsMissing
{
    [Test]
    public void ClassicPairingTests() => Assert.Ignore(
        "The package source lacks DistributedLock.Redis: Microsoft's Redis cache was not tested together with Medallion's Redis lock.");
}
