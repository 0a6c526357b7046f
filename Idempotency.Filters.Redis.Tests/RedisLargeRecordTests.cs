using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>A record above 64 KB: only the request that it answers has it sent.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RedisLargeRecordTests : OwnRedisTests
{
    private const int Large = 64 * 1024;
    private const string Body = """{"amount":1}""";

    private static readonly ClaimOptions Previewed = new() { Lease = TimeSpan.FromMinutes(1), PreviewLength = 100 };

    private readonly string _key = RedisStores.NewKey();
    private string _text = new('x', 1000 * 1000);

    [Test]
    public async Task WholeRecordIsSentOnlyToTheRequestThatItAnswers()
    {
        await using var app = await StartAsync(Runs());
        using (await PostAsync(app, Body))
        {
        }

        using (var other = await PostAsync(app, """{"amount":2}"""))
            await other.IsProblemAsync(422, "key-reused");
        Assert.That(await SentByServerAsync(() => PostAsync(app, """{"amount":2}""")), Is.LessThan(Large));

        using var replay = await PostAsync(app, Body);
        Assert.That(replay.IsReplay());
        Assert.That(await replay.TextAsync(), Is.EqualTo("1" + _text));
    }

    [TestCase(100, 1, TestName = "Small record is replayed in one call")]
    [TestCase(100_000, 2, TestName = "Large record is replayed in two calls")]
    public async Task RecordIsReplayedIn(int length, int calls)
    {
        _text = new('x', length);
        await using var app = await StartAsync(Runs());
        using (await PostAsync(app, Body))
        {
        }

        await Server.ExecuteAsync("CONFIG", "RESETSTAT");
        using var replay = await PostAsync(app, Body);

        Assert.That(await replay.TextAsync(), Is.EqualTo("1" + _text));
        Assert.That((await Server.CommandStatsAsync())["evalsha"], Is.EqualTo(calls));
    }

    [Test]
    public async Task ProtectedRecordIsReplayedInOneCall()
    {
        await using var app = await StartAsync(Runs(), protects: true);
        using (await PostAsync(app, Body))
        {
        }

        await Server.ExecuteAsync("CONFIG", "RESETSTAT");
        using var replay = await PostAsync(app, Body);

        Assert.That(await replay.TextAsync(), Is.EqualTo("1" + _text));
        Assert.That((await Server.CommandStatsAsync())["evalsha"], Is.EqualTo(1));
    }

    [Test]
    public async Task RecordThatIsGoneBeforeItIsReadWholeLetsTheRequestRun()
    {
        var script = Runs();
        await using var app = await StartAsync(script);
        using (await PostAsync(app, Body))
        {
        }

        var answer = await AnswerWhileComparingAsync(app, () => Server.ExecuteAsync("FLUSHALL"));

        Assert.That(answer, Does.StartWith("HTTP/1.1 200").And.EndsWith("2" + _text).And.Not.Contain("Idempotent-Replayed"));
        using var replay = await PostAsync(app, Body);
        Assert.That(await replay.TextAsync(), Is.EqualTo("2" + _text));
        Assert.That(script.Runs, Is.EqualTo(2));
    }

    [Test]
    public async Task BodyThatCannotBeReadAgainComesAgainWhenTheRecordIsGone()
    {
        var script = Runs();
        await using var app = await StartAsync(script);
        using (await PostAsync(app, Body))
        {
        }

        var answer = await AnswerWhileComparingAsync(app, () => Server.ExecuteAsync("FLUSHALL"), chunked: true);

        Assert.That(answer, Does.StartWith("HTTP/1.1 409").And.Contain("in-flight").And.Contain("Retry-After"));
        Assert.That(script.Runs, Is.EqualTo(1));
        // It gave its claim up.
        using var retry = await PostAsync(app, Body);
        Assert.That(await retry.TextAsync(), Is.EqualTo("2" + _text));
    }

    [Test]
    public async Task RecordThatBecameAnotherOnesMeanwhileIsNotReplayed()
    {
        var script = Runs();
        await using var app = await StartAsync(script);
        using (await PostAsync(app, Body))
        {
        }

        var answer = await AnswerWhileComparingAsync(app, async () =>
        {
            await Server.ExecuteAsync("FLUSHALL");
            using var other = await PostAsync(app, """{"amount":2}""");
            Assert.That(await other.TextAsync(), Is.EqualTo("2" + _text));
        });

        Assert.That(answer, Does.StartWith("HTTP/1.1 422").And.Contain("key-reused"));
        Assert.That(script.Runs, Is.EqualTo(2));
    }

    [Test]
    public async Task RequestWhoseRecordCannotBeReadAnyMoreNeverRuns()
    {
        var script = Runs();
        await using var app = await StartAsync(script, behavior: StoreDownBehavior.Execute);
        using (await PostAsync(app, Body))
        {
        }

        var answer = await AnswerWhileComparingAsync(app, Server.KillAsync);

        Assert.That(answer, Does.StartWith("HTTP/1.1 503").And.Contain("store-unavailable"));
        Assert.That(script.Runs, Is.EqualTo(1));
        await Server.RestartAsync();
    }

    [TestCase(Large, false)]
    [TestCase(Large + 1, true)]
    public async Task RecordIsLargeAbove64KB(int length, bool isPartial)
    {
        await using var stores = RedisStores.Over(Server);
        var record = new string('r', length);
        await RedisStores.CompleteAsync(await stores.AcquireAsync(_key, Previewed), record);

        using var result = await stores.Store.ClaimAsync(_key, Previewed, default);

        Assert.That(result.IsPartial, Is.EqualTo(isPartial));
        Assert.That(result.Record.Length, Is.EqualTo(isPartial ? Previewed.PreviewLength : length));
        if (isPartial)
        {
            using var whole = await result.ClaimAgainAsync(default);
            Assert.That(Encoding.UTF8.GetString(whole.Record), Is.EqualTo(record));
        }
    }

    [Test]
    public async Task LargeRecordInsideAClaimThatIsOverIsSeenInPart()
    {
        await using var stores = RedisStores.Over(Server);
        var record = new string('r', 2 * Large);
        await RedisStores.CompleteAsync(await stores.AcquireAsync(_key, Previewed), record);
        var over = await stores.AcquireAsync(_key, Previewed with { OverCompleted = true });
        Assert.That(Encoding.UTF8.GetString(over.PreviousRecord!.Value), Is.EqualTo(record));
        await over.DisposeAsync();

        using var result = await stores.Store.ClaimAsync(_key, Previewed, default);
        using var whole = await result.ClaimAgainAsync(default);

        Assert.That(result.IsPartial);
        Assert.That(Encoding.UTF8.GetString(whole.Record), Is.EqualTo(record));
    }

    [Test]
    public async Task WaitersGetALargeRecordWhole()
    {
        await using var stores = RedisStores.Over(Server);
        var claim = await stores.AcquireAsync(_key, Previewed);
        var waiting = stores.WaitAsync(_key, Previewed);
        await RedisStores.UntilSomebodyWaitsAsync(Server, _key);
        await RedisStores.CompleteAsync(claim, new string('r', 2 * Large));

        using var result = await waiting.Soon();

        Assert.That((result.IsPartial, result.Record.Length), Is.EqualTo((false, 2L * Large)));
    }

    [TestCase("", TestName = "Empty string is no free key, whoever asks")]
    [TestCase("something else", TestName = "Foreign string is no free key, whoever asks")]
    public async Task ForeignValueIsNoFreeKey(string value)
    {
        await using var stores = RedisStores.Over(Server);
        await Server.ExecuteAsync("SET", _key, value);

        Assert.That(async () => await stores.AskAsync(_key, Previewed), Throws.TypeOf<InvalidDataException>());
        Assert.That(async () => await stores.AskAsync(_key, Previewed with { PreviewLength = 0 }), Throws.TypeOf<InvalidDataException>());
        Assert.That(await Server.ExecuteAsync("GET", _key), Is.EqualTo(value));
    }

    private Script Runs() => new((_, run) => new ContentResult
    {
        Content = run.ToString(CultureInfo.InvariantCulture) + _text, ContentType = "text/plain",
    });

    private Task<TestApp> StartAsync(
        Script script, StoreDownBehavior behavior = StoreDownBehavior.Reject, bool protects = false) => script.StartAsync<RedisController>(
            options => (options.WhenStoreIsDown, options.KeyPrefix) = (behavior, "large:"),
            services: services =>
            {
                services.AddIdempotency().UseRedis(Server.Address, options =>
                    options.OperationTimeout = TimeSpan.FromSeconds(behavior is StoreDownBehavior.Reject ? 20 : 5));
                if (protects)
                {
                    services.AddDataProtection().UseEphemeralDataProtectionProvider();
                    services.AddIdempotency().ProtectRecords();
                }
            });

    private static Task<HttpResponseMessage> PostAsync(TestApp app, string body) =>
        app.PostAsync("/redis", "k", new StringContent(body, new MediaTypeHeaderValue("application/json")));

    /// <summary>Lets something happen when the beginning of the record was read, and the body of the request has not come yet.</summary>
    private async Task<string> AnswerWhileComparingAsync(TestApp app, Func<Task> happen, bool chunked = false)
    {
        using var connection = new RawConnection(app.Address);
        await Server.ExecuteAsync("CONFIG", "RESETSTAT");
        var framing = chunked ? "Transfer-Encoding: chunked" : $"Content-Length: {Body.Length}";
        connection.Send(
            $"POST /redis HTTP/1.1\r\nHost: a\r\nIdempotency-Key: k\r\nContent-Type: application/json\r\n{framing}\r\n\r\n");
        await Waiting.UntilAsync(async () => (await Server.CommandStatsAsync()).GetValueOrDefault("getrange") > 0);
        await happen();
        connection.Send(chunked ? $"{Body.Length:x}\r\n{Body}\r\n0\r\n\r\n" : Body);
        var answer = new StringBuilder();
        // Larger than what one read of the connection may hold.
        do
            answer.Append(await Task.Run(connection.ReceiveSome).Soon());
        while (!IsWhole(answer.ToString()));
        return answer.ToString();
    }

    private static bool IsWhole(string answer)
    {
        const string Field = "Content-Length: ";
        var head = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var at = answer.IndexOf(Field, StringComparison.Ordinal);
        return head > 0 && at > 0
            && answer.Length - head - 4 >= int.Parse(answer[(at + Field.Length)..].Split('\r')[0], CultureInfo.InvariantCulture);
    }

    private async Task<long> SentByServerAsync(Func<Task<HttpResponseMessage>> act)
    {
        var before = await SentAsync();
        using var response = await act();
        return await SentAsync() - before;
    }

    private async Task<long> SentAsync()
    {
        var info = (string)(await Server.ExecuteAsync("INFO", "stats"))!;
        var line = info.Split("\r\n").Single(text => text.StartsWith("total_net_output_bytes:", StringComparison.Ordinal));
        return long.Parse(line.Split(':')[1], CultureInfo.InvariantCulture);
    }
}
