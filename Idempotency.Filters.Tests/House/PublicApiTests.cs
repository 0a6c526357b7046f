using Idempotency.Filters.Redis;

namespace Idempotency.Filters.Tests.House;

/// <summary>Checks what the PublicAPI files do not list: whether other code may derive from a type.</summary>
internal sealed class PublicApiTests
{
    [Test]
    public void EveryPublicTypeIsSealedStaticOrMeantForDerivation()
    {
        var open = new[] { typeof(IdempotencyFilter), typeof(RedisStoreOptions) }.SelectMany(member => member.Assembly.GetExportedTypes())
            .Where(type => type is { IsClass: true, IsSealed: false, IsAbstract: false }).Select(type => type.Name);

        Assert.That(open, Is.EqualTo([nameof(IdempotentAttribute)]));
    }
}
