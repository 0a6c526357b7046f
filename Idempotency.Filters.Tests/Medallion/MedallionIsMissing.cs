namespace Idempotency.Filters.Tests.Medallion;

/// <summary>Built where DistributedLock.Core is not to be had, in place of the tests that need it.</summary>
internal sealed class MedallionIsMissing
{
    [Test]
    public void MedallionLockTests() => Assert.Ignore("The package source lacks DistributedLock.Core: the Medallion adapter was neither built nor tested.");
}
