using System.Reflection;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>These tests run with two clients: each project says with which, and gets no other.</summary>
internal sealed class RedisClientTests
{
    [Test]
    public void ClientIsTheOneThatTheProjectAsksFor()
    {
        var running = typeof(ConnectionMultiplexer).Assembly;
        var client = running.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        var compiledAgainst = typeof(RedisStoreOptions).Assembly.GetReferencedAssemblies()
            .Single(name => name.Name == running.GetName().Name).Version;
        TestContext.Out.WriteLine($"StackExchange.Redis {client}; the store is compiled against {compiledAgainst}.");

        Assert.That(client.Split('+')[0], Is.EqualTo(Metadata("RedisClient")));
        // All versions with one first number have one identity.
        Assert.That(compiledAgainst!.Major, Is.EqualTo(Version.Parse(Metadata("OldestRedisClient")).Major));
    }

    private static string Metadata(string key) =>
        typeof(RedisClientTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == key).Value!;
}
