using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Keys;

/// <summary>Which place a key is read from, and how messages to clients name the places.</summary>
internal sealed class KeySourceTests
{
    [Test]
    public async Task FirstSourceThatHasAValueWins()
    {
        await using var app = await KeyedApp.StartAsync(
            KeySource.Query("key"), KeySource.Header("X-Key"), KeySource.From(http => http.Request.Cookies["key"]),
            KeySource.FormField("key"));
        Task<string> Post(string query, string? header, string? cookie, params (string, string)[] fields) => app.AnswerAsync(
            $"/keyed/key{query}", null, KeyedApp.Form(fields), [.. Of("X-Key: ", header), .. Of("Cookie: key=", cookie)]);

        Assert.That(await Post("?key=q", "h", "c", ("key", "f")), Is.EqualTo("200 q"));
        Assert.That(await Post("", "h", "c", ("key", "f")), Is.EqualTo("200 h"));
        Assert.That(await Post("", null, "c", ("key", "f")), Is.EqualTo("200 c"));
        Assert.That(await Post("", null, null, ("key", "f")), Is.EqualTo("200 f"));
        Assert.That(await Post("", null, null), Is.EqualTo("400 key-missing"));

        static string[] Of(string name, string? value) => value is null ? [] : [name + value];
    }

    [Test]
    public async Task WithoutSourcesTheHeaderAloneIsAsked()
    {
        await using var app = await KeyedApp.StartAsync();

        Assert.That(await app.AnswerAsync("/keyed/key?Idempotency-Key=k", null), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync("/keyed/key", "k"), Is.EqualTo("200 k"));
    }

    [Test]
    public async Task WithSourcesTheHeaderIsAskedOnlyIfItIsOneOfThem()
    {
        await using var app = await KeyedApp.StartAsync(KeySource.Query("key"));

        Assert.That(await app.AnswerAsync("/keyed/key", "k"), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync("/keyed/key?KEY=k", null), Is.EqualTo("200 k"));
    }

    [Test]
    public async Task MalformedKeyIsNotMadeGoodByALaterSource()
    {
        await using var app = await KeyedApp.StartAsync(
            KeySource.Header("Idempotency-Key"), KeySource.Query("key"), KeySource.JsonField("key"));

        Assert.That(await app.AnswerAsync("/keyed/key?key=q", "a,b"), Is.EqualTo("400 key-malformed"));
        Assert.That(await app.AnswerAsync("/keyed/key?key=", null, KeyedApp.Json("{\"key\":\"k\"}")), Is.EqualTo("400 key-malformed"));
    }

    [TestCase("?key=a&key=b", "400 key-malformed", TestName = "A query key given twice")]
    [TestCase("?key=a&KEY=a", "400 key-malformed", TestName = "A query key given twice in another case")]
    [TestCase("?key=", "400 key-malformed", TestName = "An empty query key")]
    [TestCase("?key", "400 key-malformed", TestName = "A query key without a value")]
    [TestCase("?key=caf%C3%A9", "400 key-malformed", TestName = "A query key that is not ASCII")]
    [TestCase("?key=a%00", "400 key-malformed", TestName = "A query key with a control character")]
    [TestCase("?key=a%7Fb", "400 key-malformed", TestName = "A query key with DEL")]
    [TestCase("?other=a", "400 key-missing", TestName = "Another query parameter")]
    [TestCase("?key=a%20b%22%5C,;", "200 a b\"\\,;", TestName = "A query key of a string's characters is taken as it stands")]
    [TestCase("?key=%22a%22", "200 \"a\"", TestName = "Quotes of a query key are part of it")]
    public async Task QueryKey(string query, string expected)
    {
        await using var app = await KeyedApp.StartAsync(KeySource.Query("key"));

        Assert.That(await app.AnswerAsync($"/keyed/key{query}", null), Is.EqualTo(expected));
    }

    [TestCase(255, ExpectedResult = "200")]
    [TestCase(256, ExpectedResult = "400")]
    public async Task<string> LengthIsLimitedEverywhere(int length)
    {
        await using var app = await KeyedApp.StartAsync(KeySource.Query("key"));

        return (await app.AnswerAsync($"/keyed/key?key={new string('k', length)}", null))[..3];
    }

    [TestCase(KeyFormat.StructuredString, "bare", null, "400 key-malformed")]
    [TestCase(KeyFormat.StructuredString, "\"quoted\"", null, "200 quoted")]
    [TestCase(KeyFormat.StructuredString, null, "bare", "200 bare")]
    [TestCase(KeyFormat.UuidV4, null, "bare", "400 key-malformed")]
    [TestCase(KeyFormat.UuidV4, null, "F81D4FAE-7DEC-41D0-A765-00A0C91E6BF6", "200 f81d4fae-7dec-41d0-a765-00a0c91e6bf6")]
    public async Task FormatAppliesToEverySourceExceptForTheQuotesOfHeaders(
        KeyFormat format, string? header, string? query, string expected)
    {
        await using var app = await KeyedApp.StartAsync(
            o => o.KeyFormat = format, KeySource.Header("Idempotency-Key"), KeySource.Query("key"));

        Assert.That(await app.AnswerAsync("/keyed/key" + (query is null ? "" : $"?key={query}"), header), Is.EqualTo(expected));
    }

    [TestCase("", "400 key-malformed", TestName = "An empty key of a delegate")]
    [TestCase("\u00e9", "400 key-malformed", TestName = "A key of a delegate that is not ASCII")]
    [TestCase(null, "400 key-missing", TestName = "No key of a delegate")]
    public async Task DelegatesKeyIsCheckedAsWell(string? key, string expected)
    {
        await using var app = await KeyedApp.StartAsync(KeySource.From(_ => key));

        Assert.That(await app.AnswerAsync("/keyed/key", null), Is.EqualTo(expected));
    }

    [Test]
    public async Task DelegateThatThrowsIsAnErrorOfTheAppAndNothingRuns()
    {
        await using var app = await KeyedApp.StartAsync(KeySource.From(_ => throw new InvalidOperationException()));

        Assert.That(await app.AnswerAsync("/keyed/unread", null), Does.StartWith("500"));
        Assert.That(app.Runs(), Is.Zero);
    }

    [Test]
    public async Task KeySentInSeveralPlacesMakesNoSecondRecord()
    {
        await using var app = await KeyedApp.StartAsync(KeySource.Header("X-Key"), KeySource.From(http => http.Request.Cookies["key"]));

        Assert.That(await app.AnswerAsync("/keyed/unread", null, null, "X-Key: \"k\""), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/keyed/unread", null, null, "Cookie: key=k"), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task OptionalKeyThatIsNowhereRunsUnprotected()
    {
        await using var app = await KeyedApp.StartAsync(o => o.KeyRequired = false, KeySource.JsonField("key"), KeySource.FormField("key"));

        Assert.That(await app.AnswerAsync("/keyed/json", null, KeyedApp.Json("{\"amount\":1}")), Is.EqualTo("200 1 1"));
        Assert.That(await app.AnswerAsync("/keyed/json", null, KeyedApp.Json("{\"amount\":1}")), Is.EqualTo("200 2 1"));
    }

    [Test]
    public async Task MissingKeyNamesEveryPlace()
    {
        await using var app = await KeyedApp.StartAsync(
            KeySource.Header("X-Key"),
            KeySource.Query("key"),
            KeySource.FormField("token"),
            KeySource.JsonField("payment.key"),
            KeySource.From(_ => null, "the cookie order"));

        using var response = await app.PostAsync("/keyed/unread", null);

        var problem = await response.IsProblemAsync(400, "key-missing");
        Assert.That(problem.GetProperty("detail").GetString(), Does.StartWith(
            "This operation needs the header X-Key, the query parameter key, the form field token, the JSON property payment.key "
            + "or the cookie order: send"));
        Assert.That(problem.GetProperty("title").GetString(), Is.EqualTo("The idempotency key is missing"));
    }

    [Test]
    public async Task MissingKeyOfASingleSourceNamesItAlone()
    {
        await using var app = await KeyedApp.StartAsync(KeySource.From(_ => null));

        using var response = await app.PostAsync("/keyed/unread", null);

        var problem = await response.IsProblemAsync(400, "key-missing");
        Assert.That(
            problem.GetProperty("detail").GetString(),
            Does.StartWith("This operation needs the key that the documentation of this API describes: send"));
    }

    [Test]
    public async Task SourcesBelongToThePolicy()
    {
        await using var app = await Answers.StartAsync(
            [typeof(PolicySourcesController)],
            s => s.AddIdempotency(o => o.KeySources.Add(KeySource.Header("X-Key")))
                .AddPolicy("more", o => o.KeySources.Add(KeySource.Query("key")))
                .AddPolicy("other", o => o.KeySources = [KeySource.Query("key")]));

        Assert.That(await app.AnswerAsync("/sources/plain?key=k", null), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync("/sources/more?key=k", null), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/sources/more", null, null, "X-Key: h"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/sources/other", null, null, "X-Key: h"), Is.EqualTo("400 key-missing"));
    }

    [Test]
    public async Task KeyInFrontOfTheBodyLeavesTheBodyUntouched()
    {
        var reads = 0;
        await using var app = await Answers.StartAsync(
            [typeof(KeyedController)],
            s => s.AddIdempotency(o => o.KeySources = [KeySource.Header("X-Key"), KeySource.Query("key"), KeySource.From(_ => null)]),
            app => app.Use((http, next) =>
            {
                http.Request.Body = new CountingStream(http.Request.Body, () => reads++);
                return next(http);
            }));

        Assert.That(await app.AnswerAsync("/keyed/unread?key=a&key=b", null, KeyedApp.Json("{}")), Is.EqualTo("400 key-malformed"));
        Assert.That(await app.AnswerAsync("/keyed/unread", null, KeyedApp.Json("{}")), Is.EqualTo("400 key-missing"));
        Assert.That(reads, Is.Zero);
    }

    [Test]
    public void AttributesHeaderNameThatSourcesWouldHideFailsTheStart() => Assert.That(
        async () =>
        {
            await using var app = await Answers.StartAsync(
                [typeof(HiddenHeaderController)],
                s => s.AddIdempotency(o => o.KeySources = [KeySource.Header("Other"), KeySource.Query("key")]));
        },
        Throws.InvalidOperationException
            .With.Message.Contains("HiddenHeaderController").And.Message.Contains("KeySource.Header(\"X-Hidden\")"));

    [Test]
    public async Task AttributesHeaderNameThatIsASourceIsFine()
    {
        await using var app = await Answers.StartAsync(
            [typeof(HiddenHeaderController)],
            s => s.AddIdempotency(o => o.KeySources = [KeySource.Header("x-hidden"), KeySource.Query("key")]));

        Assert.That(await app.AnswerAsync("/hidden", null, null, "X-Hidden: k"), Is.EqualTo("200 1"));
    }

    [Test]
    public void NullIsRefusedAtOnce() => Assert.Multiple(() =>
    {
        Assert.That(() => KeySource.Header(null!), Throws.ArgumentNullException);
        Assert.That(() => KeySource.Query(null!), Throws.ArgumentNullException);
        Assert.That(() => KeySource.FormField(null!), Throws.ArgumentNullException);
        Assert.That(() => KeySource.JsonField(null!), Throws.ArgumentNullException);
        Assert.That(() => KeySource.From(null!), Throws.ArgumentNullException);
    });

    private sealed class CountingStream(Stream inner, Action read) : MemoryStream
    {
        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            read();
            return inner.ReadAsync(buffer, cancellationToken);
        }
    }
}

[ApiController, Route("sources")]
public sealed class PolicySourcesController(Runs runs) : ControllerBase
{
    [HttpPost("plain"), Idempotent]
    public int Plain() => runs.Next();

    [HttpPost("more"), Idempotent("more")]
    public int More() => runs.Next();

    [HttpPost("other"), Idempotent("other")]
    public int Other() => runs.Next();
}

[ApiController, Route("hidden")]
public sealed class HiddenHeaderController(Runs runs) : ControllerBase
{
    [HttpPost, Idempotent(HeaderName = "X-Hidden")]
    public int Post() => runs.Next();
}
