using System.Reflection;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>These tests run with two clients: each project says with which, and gets no other.</summary>
internal sealed class RedisClientTests
{
    [Test]
    public void ClientIsTheOneThatTheProjectAsksFor()
    {
        var expected = typeof(RedisClientTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(data => data.Key == "RedisClient").Value!;
        var running = typeof(ConnectionMultiplexer).Assembly;
        var client = running.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        var compiledAgainst = typeof(RedisStoreOptions).Assembly.GetReferencedAssemblies()
            .Single(name => name.Name == running.GetName().Name).Version;
        TestContext.Out.WriteLine($"StackExchange.Redis {client}; the store is compiled against {compiledAgainst}.");

        Assert.That(client.Split('+')[0], Is.EqualTo(expected));
        Assert.That(compiledAgainst, Is.LessThanOrEqualTo(running.GetName().Version!));
    }
}
