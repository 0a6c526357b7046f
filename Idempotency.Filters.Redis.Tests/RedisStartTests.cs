using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>What an application hears at its start, and what becomes of its connections at its end.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RedisStartTests
{
    [TestCase("allkeys-lru", 1)]
    [TestCase("volatile-ttl", 1)]
    [TestCase("noeviction", 0)]
    public async Task EvictingPolicyIsAWarning(string policy, int warnings)
    {
        await using var server = await RedisServer.StartAsync("--maxmemory-policy", policy);
        await using var app = await StartAsync(idempotency => idempotency.UseRedis(server.Address));

        Assert.That(Logged(app, 61).Count(line => line.Contains(policy, StringComparison.Ordinal)), Is.EqualTo(warnings));
        Assert.That(Logged(app, 60).Single(), Does.Contain(server.Address));
    }

    [TestCase("", "no", 1, TestName = "ServerThatKeepsNothingIsAWarning")]
    [TestCase("", "yes", 0, TestName = "ServerThatAppendsIsNone")]
    [TestCase("3600 1", "no", 0, TestName = "ServerThatSavesIsNone")]
    public async Task PersistenceIsLookedAt(string save, string append, int warnings)
    {
        await using var server = await RedisServer.StartAsync("--save", save, "--appendonly", append);
        await using var app = await StartAsync(idempotency => idempotency.UseRedis(server.Address));

        Assert.That(Logged(app, 74).Count(line => line.Contains(server.Address, StringComparison.Ordinal)), Is.EqualTo(warnings));
    }

    [TestCase("-config")]
    [TestCase("-info")]
    public async Task ServerThatDoesNotSayWhatItKeepsIsNoWarning(string refused)
    {
        await using var server = await RedisServer.StartAsync();
        await server.ExecuteAsync("ACL", "SETUSER", "default", refused);
        await using var app = await StartAsync(idempotency => idempotency.UseRedis(server.Address));

        Assert.That(Logged(app, 74), Is.Empty);
        using var response = await app.PostAsync("/redis", "k");
        await response.IsRunAsync(1);
    }

    [Test]
    public async Task ServerThatDoesNotTellIsNoReasonNotToStart()
    {
        await using var server = await RedisServer.StartAsync();
        await server.ExecuteAsync("ACL", "SETUSER", "default", "-info");
        await using var app = await StartAsync(idempotency => idempotency.UseRedis(server.Address));

        Assert.That(Logged(app, 63), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task ServerThatAllowsNoScriptsFailsTheStart()
    {
        await using var server = await RedisServer.StartAsync();
        await server.ExecuteAsync("ACL", "SETUSER", "default", "-evalsha");

        Assert.That(
            async () => await StartAsync(idempotency => idempotency.UseRedis(server.Address)),
            Throws.InvalidOperationException.With.Message.Contains("evalsha"));
    }

    [Test]
    public async Task LimitOfKeysThatRedisCannotCountFailsTheStart()
    {
        var server = await SharedRedis.ServerAsync();

        Assert.That(
            async () => await StartAsync(idempotency =>
            {
                idempotency.Services.Configure<MemoryStoreOptions>(options => options.MaxKeysPerCaller = 10);
                idempotency.UseRedis(server.Address);
            }),
            Throws.InstanceOf<OptionsValidationException>().With.Message.Contains("MaxKeysPerCaller"));
    }

    [Test]
    public async Task UnreachableServerFailsTheStart()
    {
        var address = await DeadAddressAsync();

        Assert.That(
            async () => await StartAsync(idempotency => idempotency.UseRedis(address)),
            Throws.InvalidOperationException.With.Message.Contains(address).And.Message.Contains("RequireServerAtStart"));
    }

    [Test]
    public async Task UnreachableServerOfANamedStoreFailsTheStart()
    {
        var server = await SharedRedis.ServerAsync();
        var address = await DeadAddressAsync();

        Assert.That(
            async () => await StartAsync(idempotency => idempotency
                .UseRedis(server.Address).AddStore("eu", store => store.UseRedis(address))),
            Throws.InvalidOperationException.With.Message.Contains("\"eu\"").And.Message.Contains(address));
    }

    [Test]
    public async Task ServerMayComeLaterByOption()
    {
        await using var server = await RedisServer.StartAsync();
        await server.StopAsync();
        await using var app = await StartAsync(
            idempotency => idempotency.UseRedis(server.Address, options => options.RequireServerAtStart = false));
        Assert.That(Logged(app, 62).Single(), Does.Contain(server.Address));
        using (var refused = await app.PostAsync("/redis", "k").Soon())
            await refused.IsProblemAsync(503, "store-unavailable");

        await server.RestartAsync();

        await Waiting.UntilAsync(async () =>
        {
            using var response = await app.PostAsync("/redis", "k");
            return response.IsSuccessStatusCode;
        });
    }

    [Test]
    public async Task StoreThatWasReplacedIsNotAskedFor()
    {
        var address = await DeadAddressAsync();

        await using var app = await StartAsync(idempotency => idempotency.UseRedis(address).Services.AddIdempotency().UseMemory());

        using var response = await app.PostAsync("/redis", "k");
        await response.IsRunAsync(1);
    }

    [Test]
    public async Task MultiplexerOfTheApplicationIsUsedAndLeftOpen([Values] bool keyed)
    {
        var server = await SharedRedis.ServerAsync();
        using var own = await ConnectionMultiplexer.ConnectAsync(server.Address);
        var app = await TestApp.StartAsync([typeof(RedisController)], services =>
        {
            services.AddSingleton(new Script());
            if (keyed)
                services.AddKeyedSingleton<IConnectionMultiplexer>("mine", own);
            else
                services.AddSingleton<IConnectionMultiplexer>(own);
            services.ConfigureAll<RedisStoreOptions>(RedisStores.BePatient);
            services.AddIdempotency().UseRedis(options => options.ConnectionMultiplexerKey = keyed ? "mine" : null);
        });

        var key = RedisStores.NewKey();
        using (var first = await app.PostAsync("/redis", key))
            await first.IsRunAsync(1);
        using (var retry = await app.PostAsync("/redis", key))
            await retry.IsReplayOfAsync(1);
        await app.DisposeAsync();

        Assert.That(own.IsConnected, Is.True);
    }

    [Test]
    public async Task ConnectionOfTheStoreIsClosedWithTheApplication()
    {
        await using var server = await RedisServer.StartAsync();
        var app = await StartAsync(idempotency => idempotency.UseRedis($"{server.Address},name=of-the-store"));
        Assert.That(await server.ExecuteAsync("CLIENT", "LIST"), Does.Contain("of-the-store"));

        await app.DisposeAsync();

        await Waiting.UntilAsync(
            async () => !((string)(await server.ExecuteAsync("CLIENT", "LIST"))!).Contains("of-the-store", StringComparison.Ordinal));
    }

    [Test]
    public async Task NamedStoresHaveServersOfTheirOwn()
    {
        await using var eu = await RedisServer.StartAsync();
        await using var us = await RedisServer.StartAsync();
        await using var app = await StartAsync(
            idempotency => idempotency
                .UseRedis(us.Address)
                .AddStore("eu", store => store.UseRedis(eu.Address))
                .AddPolicy("eu", options => options.StoreName = "eu"),
            typeof(RedisEuropeController));

        using var response = await app.PostAsync("/redis/eu", "k");

        await response.IsRunAsync(1);
        Assert.That(await eu.ExecuteAsync("DBSIZE"), Is.EqualTo(1));
        Assert.That(await us.ExecuteAsync("DBSIZE"), Is.Zero);
    }

    [Test]
    public void MissingMultiplexerIsNamed()
    {
        Assert.That(
            async () => await StartAsync(idempotency => idempotency.UseRedis()),
            Throws.InvalidOperationException.With.Message.Contains("IConnectionMultiplexer"));
        Assert.That(
            async () => await StartAsync(idempotency => idempotency.UseRedis(options => options.ConnectionMultiplexerKey = "mine")),
            Throws.InvalidOperationException.With.Message.Contains("'mine'"));
    }

    [Test]
    public void TwoConnectionsAreOneTooMany()
    {
        Assert.That(
            async () => await StartAsync(
                idempotency => idempotency.UseRedis("127.0.0.1:1", options => options.ConnectionMultiplexerKey = "mine")),
            Throws.InvalidOperationException.With.Message.Contains("ConnectionMultiplexerKey"));
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(61)]
    public void TimeoutIsChecked(int seconds)
    {
        Assert.That(
            async () => await StartAsync(
                idempotency => idempotency.UseRedis("127.0.0.1:1", options => options.OperationTimeout = TimeSpan.FromSeconds(seconds))),
            Throws.TypeOf<OptionsValidationException>().With.Message.Contains("OperationTimeout"));
    }

    [Test]
    public void TimeoutOfANamedStoreIsRefusedByItsName()
    {
        Assert.That(
            async () => await StartAsync(idempotency => idempotency.AddStore(
                "eu", store => store.UseRedis("127.0.0.1:1", options => options.OperationTimeout = TimeSpan.Zero))),
            Throws.TypeOf<OptionsValidationException>().With.Message.Contains("store \"eu\""));
    }

    [Test]
    public async Task ConfigurationIsCopiedAndLeftAsItIs()
    {
        var server = await SharedRedis.ServerAsync();
        var configuration = ConfigurationOptions.Parse(server.Address);
        var before = configuration.ToString();
        await using var app = await StartAsync(idempotency =>
        {
            idempotency.UseRedis(configuration);
            configuration.EndPoints.Clear();
            configuration.EndPoints.Add("127.0.0.1", 1);
        });

        using var response = await app.PostAsync("/redis", RedisStores.NewKey());

        await response.IsRunAsync(1);
        Assert.That(configuration.ToString(), Is.EqualTo(before.Replace(server.Address, "127.0.0.1:1", StringComparison.Ordinal)));
        Assert.That(configuration.AbortOnConnectFail, Is.True);
        Assert.That(configuration.AllowAdmin, Is.False);
        Assert.That(configuration.ReconnectRetryPolicy, Is.TypeOf<ExponentialRetry>());
    }

    [Test]
    public async Task ValkeyIsNamedWithItsOwnVersion()
    {
        var server = await SharedRedis.ServerAsync();
        await using var proxy = new ValkeyProxy(server.Port);

        await using var app = await StartAsync(idempotency => idempotency.UseRedis(proxy.Address));

        Assert.That(Logged(app, 60).Single(), Does.Contain("Valkey 9.8.7 serves it"));
    }

    [Test]
    public async Task TimeoutThatOutlastsALeaseIsRefused()
    {
        var server = await SharedRedis.ServerAsync();

        Assert.That(
            async () => await StartAsync(idempotency => idempotency
                .UseRedis(server.Address, options => options.OperationTimeout = TimeSpan.FromSeconds(3))
                .AddPolicy("p", options => options.Lease = TimeSpan.FromSeconds(3))),
            Throws.TypeOf<OptionsValidationException>().With.Message.Contains("Policy 'p': Lease is 00:00:03")
                .And.Message.Contains("OperationTimeout of 00:00:03"));
    }

    [Test]
    public void UnreadableConnectionStringIsRefusedAtOnce()
    {
        Assert.That(() => new ServiceCollection().AddIdempotency().UseRedis("127.0.0.1:1,nonsense=1"), Throws.ArgumentException);
        Assert.That(() => new ServiceCollection().AddIdempotency().UseRedis(" "), Throws.ArgumentException);
    }

    private static Task<TestApp> StartAsync(Action<IIdempotencyBuilder> useStore, Type? controller = null) =>
        TestApp.StartAsync([controller ?? typeof(RedisController)], services =>
        {
            services.AddSingleton(new Script());
            // Half patient: some of these tests wait until it is over.
            services.ConfigureAll<RedisStoreOptions>(options => options.OperationTimeout = TimeSpan.FromSeconds(5));
            useStore(services.AddIdempotency());
        });

    private static List<string> Logged(TestApp app, int id) =>
        [.. app.Logs.Lines.Where(line => line.Id.Id == id).Select(line => line.Message)];

    private static async Task<string> DeadAddressAsync()
    {
        await using var server = await RedisServer.StartAsync();
        return server.Address;
    }

    /// <summary>
    /// The server says in one line more that it is a certain Valkey, also if it is another. The lines together are as long as before.
    /// </summary>
    private sealed class ValkeyProxy(int port) : TcpProxy(port)
    {
        protected override async Task CarryAsync(TcpClient client, TcpClient server) => await Task.WhenAny(
            client.GetStream().CopyToAsync(server.GetStream()), CarryRepliesAsync(server.GetStream(), client.GetStream()));

        private static async Task CarryRepliesAsync(NetworkStream server, NetworkStream client)
        {
            var buffer = new byte[64 * 1024];
            for (int read; (read = await server.ReadAsync(buffer)) > 0;)
            {
                var text = Encoding.Latin1.GetString(buffer, 0, read);
                text = text.Replace("valkey_version:", "other__version:", StringComparison.Ordinal);
                text = Regex.Replace(text, @"redis_build_id:\w+", line => "valkey_version:9.8.7\r\nx:".PadRight(line.Length, 'x'));
                await client.WriteAsync(Encoding.Latin1.GetBytes(text));
            }
        }
    }
}

[ApiController]
public sealed class RedisController(Script script) : ControllerBase
{
    [HttpPost("redis"), Idempotent]
    public Task<IActionResult> Order() => script.RunAsync(HttpContext);
}

[ApiController]
public sealed class RedisEuropeController(Script script) : ControllerBase
{
    [HttpPost("redis/eu"), Idempotent("eu")]
    public Task<IActionResult> Order() => script.RunAsync(HttpContext);
}
