using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>What the other tests rely on: the server that they start, and the client that runs here.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RedisServerTests
{
    [Test]
    public async Task ClientThatWasCompiledAgainstTalksToTheServer()
    {
        var server = await SharedRedis.ServerAsync();
        using var client = await ConnectionMultiplexer.ConnectAsync(server.Address);
        var key = $"server:{Guid.NewGuid():N}";

        await client.GetDatabase(-1, null).StringSetAsync(key, "value", TimeSpan.FromMinutes(1), When.Always, CommandFlags.None);

        Assert.That(await server.ExecuteAsync("GET", key), Is.EqualTo("value"));
        Assert.That((long)(await server.ExecuteAsync("PTTL", key))!, Is.InRange(1, 60_000));
    }

    [Test]
    public async Task ServerRestartsOnItsPortAndKeepsWhatItIsToldToKeep()
    {
        await using var server = await RedisServer.StartAsync("--appendonly", "yes", "--appendfsync", "always");
        var port = server.Port;
        await server.ExecuteAsync("SET", "key", "value");

        await server.KillAsync();
        await server.RestartAsync();

        Assert.That(server.Port, Is.EqualTo(port));
        Assert.That(await server.ExecuteAsync("GET", "key"), Is.EqualTo("value"));
    }

    [Test]
    public async Task PausedServerAnswersWhenItIsResumed()
    {
        await using var server = await RedisServer.StartAsync();
        await server.PauseAsync();
        using var connection = await server.ConnectAsync();
        await connection.SendAsync("PING");
        var answer = Task.Run(connection.ReadAsync);

        await Task.Delay(100);
        Assert.That(answer.IsCompleted, Is.False);
        await server.ResumeAsync();

        Assert.That(await answer.Soon(), Is.EqualTo("PONG"));
    }

    [Test]
    public async Task CommandsAreCounted()
    {
        await using var server = await RedisServer.StartAsync();
        await server.ExecuteAsync("CONFIG", "RESETSTAT");
        await server.ExecuteAsync("SET", "key", "value");
        await server.ExecuteAsync("SET", "key", "value");

        Assert.That((await server.CommandStatsAsync())["set"], Is.EqualTo(2));
    }
}
