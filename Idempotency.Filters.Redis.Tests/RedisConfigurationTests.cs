using System.Reflection;
using StackExchange.Redis;
using StackExchange.Redis.Configuration;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>The store's copy of the configuration: quick to notice a dead connection, and what the user set stays.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RedisConfigurationTests
{
    [TestCase(0.2, 1000)]
    [TestCase(1, 1000)]
    [TestCase(3, 3000)]
    public void TimeoutsFollowTheTimeOfAnOperation(double seconds, int expected)
    {
        var own = OwnCopy(ConfigurationOptions.Parse("h:1"), seconds);

        Assert.That((own.AsyncTimeout, own.SyncTimeout, own.KeepAlive), Is.EqualTo((expected, expected, 5)));
    }

    [Test]
    public void ValuesOfAConnectionStringStay()
    {
        var own = OwnCopy(ConfigurationOptions.Parse("h:1,asyncTimeout=5000,syncTimeout=5000,keepAlive=60,connectTimeout=7000"));

        Assert.That((own.AsyncTimeout, own.SyncTimeout, own.KeepAlive, own.ConnectTimeout), Is.EqualTo((5000, 5000, 60, 7000)));
    }

    [Test]
    public void ValuesOfPropertiesStay()
    {
        var policy = new ExponentialRetry(1000);
        var own = OwnCopy(new()
        {
            EndPoints = { "h:1" }, AsyncTimeout = 5000, SyncTimeout = 5000, KeepAlive = 60, ReconnectRetryPolicy = policy,
        });

        Assert.That((own.AsyncTimeout, own.SyncTimeout, own.KeepAlive), Is.EqualTo((5000, 5000, 60)));
        Assert.That(own.ReconnectRetryPolicy, Is.SameAs(policy));
    }

    [Test]
    public void SynchronousTimeoutAloneSaysNothingOfCalls()
    {
        var own = OwnCopy(ConfigurationOptions.Parse("h:1,syncTimeout=20000"));

        Assert.That((own.AsyncTimeout, own.SyncTimeout), Is.EqualTo((1000, 20_000)));
    }

    [Test]
    public void ValuesOfTheUsersDefaultsStay()
    {
        var own = OwnCopy(new() { EndPoints = { "h:1" }, Defaults = new OwnDefaults() });

        Assert.That((own.SyncTimeout, own.KeepAlive), Is.EqualTo((4000, 30)));
        Assert.That(own.ReconnectRetryPolicy, Is.SameAs(OwnDefaults.Policy));
    }

    [Test]
    public void ConfigurationOfTheUserIsNotChanged()
    {
        var configuration = ConfigurationOptions.Parse("h:1");

        OwnCopy(configuration);

        Assert.That(configuration.ToString(), Is.EqualTo("h:1"));
        // Had anybody read the policy before, this would not count any more.
        configuration.Defaults = new OwnDefaults();
        Assert.That(configuration.ReconnectRetryPolicy, Is.SameAs(OwnDefaults.Policy));
    }

    /// <summary>The client asks once a second, both between attempts and during one.</summary>
    [Test]
    public void ReconnectingIsTriedEverySecondAndLeavesASlowNetworkItsTimeNowAndThen()
    {
        var policy = OwnCopy(ConfigurationOptions.Parse("h:1,connectTimeout=7000")).ReconnectRetryPolicy;

        var quick = Enumerable.Range(0, 80).Where(attempt => policy.ShouldRetry(attempt, 900)).ToList();

        Assert.That(quick, Has.Count.EqualTo(70));
        var patient = Enumerable.Range(0, 80).Except(quick);
        Assert.That(patient.All(attempt => !policy.ShouldRetry(attempt, 6900) && policy.ShouldRetry(attempt, 7000)));
        Assert.That(policy.ShouldRetry(0, 100), Is.False);
    }

    private static ConfigurationOptions OwnCopy(ConfigurationOptions configuration, double seconds = 1) =>
        (ConfigurationOptions)typeof(RedisStoreOptions).Assembly.GetType("Idempotency.Filters.Redis.Connection.RedisConfiguration")!
        .GetMethod("OwnCopy", BindingFlags.Static | BindingFlags.Public)!
        .Invoke(null, [configuration, TimeSpan.FromSeconds(seconds)])!;

    private sealed class OwnDefaults : DefaultOptionsProvider
    {
        public static readonly LinearRetry Policy = new(3000);

        public override TimeSpan SyncTimeout => TimeSpan.FromSeconds(4);

        public override TimeSpan KeepAliveInterval => TimeSpan.FromSeconds(30);

        public override IReconnectRetryPolicy? ReconnectRetryPolicy => Policy;
    }
}
