using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>Records that are larger than the server takes: it would close the connection, with all that is on its way there.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal sealed class RedisValueLimitTests
{
    private const int Limit = 1024 * 1024;
    private const int Head = 25;

    private static readonly ClaimOptions Held = new() { Lease = TimeSpan.FromMinutes(1) };

    private readonly string _key = RedisStores.NewKey();

    [Test]
    public async Task RecordIsTooLargeAlsoWhereTheServerDoesNotTellItsLimit([Values] bool own, [Values] bool tells)
    {
        await using var server = await RedisServer.StartAsync("--proto-max-bulk-len", "1mb");
        if (!tells)
            await server.ExecuteAsync("ACL", "SETUSER", "default", "-config");
        await using var multiplexer = await ConnectionMultiplexer.ConnectAsync(server.Address);
        await using var stores = own ? RedisStores.Over(server) : RedisStores.Over(multiplexer, RedisStores.BePatient);
        var claim = await stores.AcquireAsync(_key, Held);

        Assert.That(await CompleteAsync(claim, 2 * Limit), Is.EqualTo(CompletionOutcome.TooLarge));
        // The next one is not even sent.
        var received = await ReceivedAsync(server);
        Assert.That(await CompleteAsync(claim, 2 * Limit), Is.EqualTo(CompletionOutcome.TooLarge));
        Assert.That(await ReceivedAsync(server) - received, Is.LessThan(Limit));

        Assert.That(await RedisStores.CompleteAsync(claim, "small"), Is.EqualTo(CompletionOutcome.Stored));
    }

    [TestCase(Limit - Head, CompletionOutcome.Stored)]
    [TestCase(Limit - Head + 1, CompletionOutcome.TooLarge)]
    [TestCase(3 * Limit, CompletionOutcome.TooLarge)]
    public async Task RecordThatTheServerDoesNotTakeIsTooLarge(int size, CompletionOutcome expected)
    {
        await using var server = await RedisServer.StartAsync("--proto-max-bulk-len", "1mb");
        await using var stores = RedisStores.Over(server);
        var claim = await stores.AcquireAsync(_key, Held);

        Assert.That(await CompleteAsync(claim, size), Is.EqualTo(expected));

        Assert.That(await RedisStores.CompleteAsync(claim, "small"), Is.EqualTo(CompletionOutcome.Stored));
    }

    [Test]
    public async Task ClaimWhoseRecordIsTooLargeIsRenewed()
    {
        await using var server = await RedisServer.StartAsync("--proto-max-bulk-len", "1mb");
        await using var stores = RedisStores.Over(server);
        var claim = await stores.AcquireAsync(_key, Held with { Lease = TimeSpan.FromSeconds(3) });
        Assert.That(await CompleteAsync(claim, 2 * Limit), Is.EqualTo(CompletionOutcome.TooLarge));
        await server.ExecuteAsync("CONFIG", "RESETSTAT");

        await Waiting.UntilAsync(async () => (await server.CommandStatsAsync()).GetValueOrDefault("pexpire") > 0);
    }

    [Test]
    public async Task RecordIsStoredWhereTheServerTakesItAndWhereItDoesNotTell([Values] bool tells)
    {
        await using var server = await RedisServer.StartAsync();
        if (!tells)
            await server.ExecuteAsync("ACL", "SETUSER", "default", "-config");
        await using var stores = RedisStores.Over(server);
        var claim = await stores.AcquireAsync(_key, Held);

        Assert.That(await CompleteAsync(claim, 3 * Limit), Is.EqualTo(CompletionOutcome.Stored));

        Assert.That((await stores.AskAsync(_key, Held)).Length, Is.EqualTo(3 * Limit));
    }

    [Test]
    public async Task ResolutionThatTheServerDoesNotTakeIsRefused()
    {
        await using var server = await RedisServer.StartAsync("--proto-max-bulk-len", "1mb");
        await using var stores = RedisStores.Over(server);
        await RedisStores.CompleteAsync(await stores.AcquireAsync(_key, Held), "record");
        var found = await stores.Administration.FindAsync(_key, CancellationToken.None);

        Assert.That(
            async () => await stores.Administration.ResolveAsync(_key, found!, new(new byte[2 * Limit]), null, CancellationToken.None),
            Throws.TypeOf<IdempotencyStoreFullException>());

        Assert.That(await stores.AskAsync(_key, Held), Is.EqualTo("record"));
    }

    [Test]
    public async Task AnswerThatTheServerDoesNotTakeIsNotReplayableAndNotRunAgain([Values] bool own, [Values] bool tells)
    {
        await using var server = await RedisServer.StartAsync("--proto-max-bulk-len", "1mb");
        if (!tells)
            await server.ExecuteAsync("ACL", "SETUSER", "default", "-config");
        await using var multiplexer = await ConnectionMultiplexer.ConnectAsync(server.Address);
        var script = new Script((_, _) => new FileContentResult(new byte[2 * Limit], "application/octet-stream"));
        await using var app = await script.StartAsync<RedisController>(
            options => options.MaxResponseBodySize = 10 * Limit,
            services: services =>
            {
                services.AddSingleton<IConnectionMultiplexer>(multiplexer);
                if (own)
                    services.AddIdempotency().UseRedis(server.Address, RedisStores.BePatient);
                else
                    services.AddIdempotency().UseRedis(RedisStores.BePatient);
            });

        using var first = await app.PostAsync("/redis", _key);
        using var retry = await app.PostAsync("/redis", _key);

        Assert.That((await first.Content.ReadAsByteArrayAsync()).Length, Is.EqualTo(2 * Limit));
        await retry.IsProblemAsync(409, "not-replayable");
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    private static async Task<long> ReceivedAsync(RedisServer server) => long.Parse(
        Regex.Match((string)(await server.ExecuteAsync("INFO", "stats"))!, @"total_net_input_bytes:(\d+)").Groups[1].Value,
        CultureInfo.InvariantCulture);

    private static Task<CompletionOutcome> CompleteAsync(IdempotencyClaim claim, int size) =>
        RedisStores.CompleteAsync(claim, Encoding.UTF8.GetString(new byte[size]));
}
