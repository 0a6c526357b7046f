using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Keys;

/// <summary>Keys in the body. Code that reads the body afterwards finds it whole.</summary>
internal sealed class BodyKeyTests
{
    [TestCase("/keyed/json", "1", "2", TestName = "JSON key, bound by MVC")]
    [TestCase("/minimal/json", "1", "2", TestName = "JSON key, bound by a Minimal API")]
    [TestCase("/keyed/raw", """{"key":"k","amount":1}""", """{"key":"k","amount":2}""", TestName = "JSON key, body read as a stream")]
    [TestCase("/keyed/pipe", """{"key":"k","amount":1}""", """{"key":"k","amount":2}""", TestName = "JSON key, body read as a pipe")]
    [TestCase("/keyed/unread", "", "", TestName = "JSON key, body left unread")]
    public async Task JsonKey(string path, string one, string two)
    {
        await using var app = await KeyedApp.StartAsync(KeySource.JsonField("key"));
        Task<string> Post(string key, int amount) =>
            app.AnswerAsync(path, null, KeyedApp.Json($$"""{"key":"{{key}}","amount":{{amount}}}"""));

        Assert.That(await Post("k", 1), Is.EqualTo($"200 1 {one}".Trim()));
        Assert.That(await Post("k", 1), Is.EqualTo($"200 1 {one}".Trim() + " replayed"));
        Assert.That(await Post("k", 2), Is.EqualTo("422 key-reused"));
        Assert.That(await Post("k2", 2), Is.EqualTo($"200 2 {two}".Replace("\"k\"", "\"k2\"", StringComparison.Ordinal).Trim()));
    }

    [TestCase("/keyed/form", TestName = "Form key, bound by MVC")]
    [TestCase("/minimal/form", TestName = "Form key, bound by a Minimal API")]
    [TestCase("/Ordered", TestName = "Form key, bound by a Razor Page")]
    public async Task FormKey(string path)
    {
        await using var app = await KeyedApp.StartAsync(KeySource.FormField("key"));
        Task<string> Post(string key, string amount) => app.AnswerAsync(path, null, KeyedApp.Form(("key", key), ("amount", amount)));

        Assert.That(await Post("k", "1"), Is.EqualTo("200 1 1"));
        Assert.That(await Post("k", "1"), Is.EqualTo("200 1 1 replayed"));
        Assert.That(await Post("k", "2"), Is.EqualTo("422 key-reused"));
        Assert.That(await Post("k2", "2"), Is.EqualTo("200 2 2"));
    }

    [Test]
    public async Task MultipartFormKeyLeavesTheFileWhole()
    {
        await using var app = await KeyedApp.StartAsync(KeySource.FormField("key"));
        Task<string> Post(string content) => app.AnswerAsync("/keyed/file", null, new MultipartFormDataContent(Guid.NewGuid().ToString())
        {
            { new StringContent("k"), "key" },
            { new ByteArrayContent(Encoding.UTF8.GetBytes(content)), "file", "a.txt" },
        });
        var large = new string('x', 200_000);

        Assert.That(await Post(large), Is.EqualTo($"200 1 {large}"));
        Assert.That(await Post(large), Is.EqualTo($"200 1 {large} replayed"));
        Assert.That(await Post(large + "y"), Is.EqualTo("422 key-reused"));
    }

    [Test]
    public async Task KeyThatMovesFromTheHeaderIntoTheFormIsStillCompared()
    {
        await using var app = await KeyedApp.StartAsync(KeySource.Header("Idempotency-Key"), KeySource.FormField("key"));

        Assert.That(await app.AnswerAsync("/keyed/form", "k", KeyedApp.Form(("amount", "1"))), Is.EqualTo("200 1 1"));
        Assert.That(await app.AnswerAsync("/keyed/form", null, KeyedApp.Form(("key", "k"), ("amount", "2"))), Is.EqualTo("422 key-reused"));
        Assert.That(await app.AnswerAsync("/keyed/form", "k", KeyedApp.Form(("amount", "1"))), Is.EqualTo("200 1 1 replayed"));
    }

    [Test]
    public async Task ContentTypeDecidesWhichSourceApplies()
    {
        await using var app = await KeyedApp.StartAsync(KeySource.FormField("key"), KeySource.JsonField("key"), KeySource.Header("X-Key"));
        var json = """{"key":"k","amount":1}""";

        Assert.That(await app.AnswerAsync("/keyed/raw", null, KeyedApp.Json(json)), Is.EqualTo($"200 1 {json}"));
        Assert.That(
            await app.AnswerAsync("/keyed/raw", null, KeyedApp.Json(json, "application/vnd.order+json")), Is.EqualTo("422 key-reused"));
        Assert.That(await app.AnswerAsync("/keyed/raw", null, KeyedApp.Json(json, "text/json")), Is.EqualTo("422 key-reused"));
        Assert.That(await app.AnswerAsync("/keyed/raw", null, KeyedApp.Json(json, "text/plain")), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync("/keyed/raw", null, KeyedApp.Json("{", "text/plain"), "X-Key: h"), Is.EqualTo("200 2 {"));
        Assert.That(await app.AnswerAsync("/keyed/form", null, KeyedApp.Form(("key", "f"), ("amount", "3"))), Is.EqualTo("200 3 3"));
    }

    [TestCase("""{"key":"a","key":"b"}""", TestName = "A repeated property")]
    [TestCase("""{"key":"a","k\u0065y":"a"}""", TestName = "A property repeated in another spelling")]
    [TestCase("""{"key":1.0}""", TestName = "A number with a fraction")]
    [TestCase("""{"key":1e3}""", TestName = "A number with an exponent")]
    [TestCase("""{"key":1E3}""", TestName = "A number with a large exponent sign")]
    [TestCase("""{"key":-0}""", TestName = "Minus zero")]
    [TestCase("""{"key":01}""", TestName = "A number with a leading zero")]
    [TestCase("""{"key":true}""", TestName = "A truth value")]
    [TestCase("""{"key":null}""", TestName = "Null")]
    [TestCase("""{"key":["k"]}""", TestName = "An array")]
    [TestCase("""{"key":{"key":"k"}}""", TestName = "An object")]
    [TestCase("""{"key":""}""", TestName = "An empty string")]
    [TestCase("""{"key":"\u00e9"}""", TestName = "A string that is not ASCII")]
    [TestCase("""{"key":"a\nb"}""", TestName = "A string with a control character")]
    [TestCase("""{"key":"\ud800"}""", TestName = "Half a surrogate pair")]
    [TestCase("""{"key":"k" """, TestName = "A body that breaks off behind the key")]
    [TestCase("""{"key":"k"}}""", TestName = "More behind the end")]
    [TestCase("""{"key":"k",}""", TestName = "A trailing comma")]
    [TestCase("key=k", TestName = "No JSON at all")]
    [TestCase("   ", TestName = "Blanks")]
    public async Task BadJsonKeyIsRefused(string json)
    {
        await using var app = await KeyedApp.StartAsync(KeySource.JsonField("key"));

        Assert.That(await app.AnswerAsync("/keyed/unread", null, KeyedApp.Json(json)), Is.EqualTo("400 key-malformed"));
        Assert.That(app.Runs(), Is.Zero);
    }

    [TestCase("""{"key":123}""", "200 123", TestName = "An integer")]
    [TestCase("""{"key":0}""", "200 0", TestName = "Zero")]
    [TestCase("""{"key":-7}""", "200 -7", TestName = "A negative integer")]
    [TestCase("""{"key":123456789012345678901234567890}""", "200 123456789012345678901234567890", TestName = "An integer of any size")]
    public async Task IntegerIsAKeyByItsLiteralText(string json, string expected)
    {
        await using var app = await KeyedApp.StartAsync(KeySource.JsonField("key"));

        Assert.That(await app.AnswerAsync("/keyed/key", null, KeyedApp.Json(json)), Is.EqualTo(expected));
    }

    [Test]
    public async Task IntegerAndTheSameDigitsInAStringAreOneKey()
    {
        await using var app = await KeyedApp.StartAsync(KeySource.JsonField("key"));

        Assert.That(await app.AnswerAsync("/keyed/unread", null, KeyedApp.Json("""{"key":12}""")), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/keyed/unread", null, KeyedApp.Json("""{"key":12}""")), Is.EqualTo("200 1 replayed"));
        Assert.That(await app.AnswerAsync("/keyed/unread", null, KeyedApp.Json("""{"key":"12"}""")), Is.EqualTo("422 key-reused"));
    }

    [Test]
    public async Task IntegerHasToKeepTheFormatAndTheLength()
    {
        await using var uuids = await KeyedApp.StartAsync(o => o.KeyFormat = KeyFormat.Uuid, KeySource.JsonField("key"));
        await using var small = await KeyedApp.StartAsync(o => o.MaxKeyLength = 3, KeySource.JsonField("key"));

        Assert.That(await uuids.AnswerAsync("/keyed/key", null, KeyedApp.Json("""{"key":123}""")), Is.EqualTo("400 key-malformed"));
        Assert.That(await small.AnswerAsync("/keyed/key", null, KeyedApp.Json("""{"key":1234}""")), Is.EqualTo("400 key-malformed"));
    }

    [TestCase("application/json, application/json", TestName = "JSON of two content types")]
    [TestCase("application/json; =", TestName = "JSON of a content type with a bad parameter")]
    public async Task ContentTypeThatOnlyMvcTakesForJsonIsRefused(string contentType)
    {
        await using var app = await KeyedApp.StartAsync(o => o.KeyRequired = false, KeySource.JsonField("key"));
        using var body = new ByteArrayContent(Encoding.UTF8.GetBytes("""{"key":"k","amount":1}"""));
        body.Headers.TryAddWithoutValidation("Content-Type", contentType);

        Assert.That(await app.AnswerAsync("/keyed/json", null, body), Is.EqualTo("400 key-malformed"));
        Assert.That(app.Runs(), Is.Zero);
    }

    [TestCase("application/json", TestName = "A JSON body of broken chunks")]
    [TestCase("application/x-www-form-urlencoded", TestName = "A form of broken chunks")]
    public async Task BrokenChunksAreRefused(string contentType)
    {
        await using var app = await KeyedApp.StartAsync(KeySource.JsonField("key"), KeySource.FormField("key"));
        using var connection = new RawConnection(app.Address);

        connection.Send(
            $"POST /keyed/unread HTTP/1.1\r\nHost: a\r\nContent-Type: {contentType}\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5\r\nkey=k\r\nZZ\r\n");

        Assert.That(connection.ReceiveText(), Does.StartWith("HTTP/1.1 400").And.Contain("key-malformed"));
        Assert.That(app.Runs(), Is.Zero);
    }

    [TestCase("{}", TestName = "No property")]
    [TestCase("""{"Key":"k"}""", TestName = "Another case")]
    [TestCase("""{"other":{"key":"k"}}""", TestName = "The property elsewhere")]
    [TestCase("""[{"key":"k"}]""", TestName = "In an array")]
    [TestCase("\"key\"", TestName = "A string alone")]
    [TestCase("", TestName = "An empty body")]
    public async Task JsonWithoutTheFieldHasNoKey(string json)
    {
        await using var app = await KeyedApp.StartAsync(KeySource.JsonField("key"));

        Assert.That(await app.AnswerAsync("/keyed/unread", null, KeyedApp.Json(json)), Is.EqualTo("400 key-missing"));
    }

    [TestCase("""{"a":{"x":[1,{"b":"no"}],"b":{"c":"k"}},"b":{"c":"no"}}""", "200 k", TestName = "The path is followed")]
    [TestCase("""{"a":{"b":{"c":"k"}},"a":{"b":{}}}""", "400 key-malformed", TestName = "An object on the path is repeated")]
    [TestCase("""{"a":{"b":{"c":"k","c":"k"}}}""", "400 key-malformed", TestName = "The last property is repeated")]
    [TestCase("""{"a":{"b":null}}""", "400 key-missing", TestName = "The path ends early")]
    [TestCase("""{"a":"b"}""", "400 key-missing", TestName = "The path meets a string")]
    [TestCase("""{"a":{"b":{"c":{}}}}""", "400 key-malformed", TestName = "The path leads to no string")]
    [TestCase("""{"a.b.c":"k"}""", "400 key-missing", TestName = "A name with dots is no path")]
    public async Task JsonPath(string json, string expected)
    {
        await using var app = await KeyedApp.StartAsync(KeySource.JsonField("a.b.c"));

        Assert.That(await app.AnswerAsync("/keyed/key", null, KeyedApp.Json(json)), Is.EqualTo(expected));
    }

    [TestCase(62, ExpectedResult = "200 1")]
    [TestCase(63, ExpectedResult = "200 1")]
    [TestCase(64, ExpectedResult = "400 key-malformed")]
    [TestCase(100_000, ExpectedResult = "400 key-malformed")]
    public async Task<string> DepthIsBounded(int depth)
    {
        await using var app = await KeyedApp.StartAsync(KeySource.JsonField("key"));
        var json = $$"""{"key":"k","deep":{{new string('[', depth)}}{{new string(']', depth)}}}""";

        return await app.AnswerAsync("/keyed/unread", null, KeyedApp.Json(json));
    }

    [Test]
    public async Task ByteOrderMarkIsSkippedAndOtherCharsetsAreRefused()
    {
        await using var app = await KeyedApp.StartAsync(KeySource.JsonField("key"));

        Assert.That(await app.AnswerAsync("/keyed/json", null, KeyedApp.Json("\ufeff{\"key\":\"k\",\"amount\":1}")), Is.EqualTo("200 1 1"));
        Assert.That(
            await app.AnswerAsync(
                "/keyed/json", null, new StringContent("{\"key\":\"k\",\"amount\":1}", Encoding.Unicode, "application/json")),
            Is.EqualTo("400 key-malformed"));
    }

    [TestCase(64, true, ExpectedResult = "200 1")]
    [TestCase(65, true, ExpectedResult = "413 body-too-large")]
    [TestCase(64, false, ExpectedResult = "200 1")]
    [TestCase(65, false, ExpectedResult = "413 body-too-large")]
    public async Task<string> BodyThatIsHeldIsLimited(int length, bool announced)
    {
        await using var app = await KeyedApp.StartAsync(o => o.MaxBufferedBodySize = 64, KeySource.JsonField("key"));
        using HttpContent body = announced ? KeyedApp.Json(Padded(length)) : new StreamContent(new UnknownLengthStream(Padded(length)));
        body.Headers.ContentType = new("application/json");

        var answer = await app.AnswerAsync("/keyed/unread", null, body);
        Assert.That(app.Runs(), Is.EqualTo(length == 64 ? 1 : 0));
        return answer;
    }

    [Test]
    public async Task LimitLeavesOtherBodiesAndEarlierSourcesAlone()
    {
        await using var app = await KeyedApp.StartAsync(
            o => o.MaxBufferedBodySize = 8, KeySource.Header("X-Key"), KeySource.JsonField("key"));

        Assert.That(await app.AnswerAsync("/keyed/unread", null, KeyedApp.Json(Padded(64)), "X-Key: h"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/keyed/unread", null, KeyedApp.Json(Padded(64), "text/plain")), Is.EqualTo("400 key-missing"));
    }

    [TestCase("/keyed/unread", TestName = "JSON body over the server's limit")]
    [TestCase("/keyed/form", TestName = "Form over the server's limit")]
    public async Task ServersOwnLimitIsA413AsWell(string path)
    {
        await using var app = await Answers.StartAsync(
            [typeof(KeyedController)],
            s => s.AddIdempotency(o => o.KeySources = [KeySource.JsonField("key"), KeySource.FormField("key")]),
            app => app.Use((http, next) =>
            {
                http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = 32;
                return next(http);
            }));
        HttpContent body = path == "/keyed/form" ? KeyedApp.Form(("key", new string('k', 64))) : KeyedApp.Json(Padded(64));

        Assert.That(await app.AnswerAsync(path, null, body), Is.EqualTo("413 body-too-large"));
        Assert.That(app.Runs(), Is.Zero);
    }

    [Test]
    public async Task ProblemOfALargeBodyTellsWhyItWasRead()
    {
        await using var app = await KeyedApp.StartAsync(o => o.MaxBufferedBodySize = 8, KeySource.JsonField("key"));

        using var response = await app.PostAsync("/keyed/unread", null, KeyedApp.Json(Padded(64)));

        var problem = await response.IsProblemAsync(413, "body-too-large");
        Assert.That(problem.GetProperty("detail").GetString(), Does.Contain("to find its idempotency key"));
    }

    [TestCase("key=a&key=b", "400 key-malformed", TestName = "A repeated form field")]
    [TestCase("key=a&KEY=a", "400 key-malformed", TestName = "A form field repeated in another case")]
    [TestCase("key=&amount=1", "400 key-malformed", TestName = "An empty form field")]
    [TestCase("key=caf%C3%A9", "400 key-malformed", TestName = "A form field that is not ASCII")]
    [TestCase("amount=1", "400 key-missing", TestName = "A form without the field")]
    [TestCase("", "400 key-missing", TestName = "An empty form")]
    public async Task BadFormKeyIsRefused(string form, string expected)
    {
        await using var app = await KeyedApp.StartAsync(KeySource.FormField("key"));

        Assert.That(
            await app.AnswerAsync("/keyed/unread", null, KeyedApp.Json(form, "application/x-www-form-urlencoded")), Is.EqualTo(expected));
        Assert.That(app.Runs(), Is.Zero);
    }

    [TestCase("--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk", TestName = "A multipart form that breaks off")]
    [TestCase(
        "--b\r\nContent-Disposition: form-data; name=\"key\"; filename=\"k\"\r\n\r\nk\r\n--b--\r\n",
        TestName = "A file in place of the field")]
    [TestCase("no part", TestName = "A multipart form without a part")]
    public async Task BadMultipartKeyIsRefused(string form)
    {
        await using var app = await KeyedApp.StartAsync(KeySource.FormField("key"));
        using var body = new ByteArrayContent(Encoding.UTF8.GetBytes(form));
        body.Headers.TryAddWithoutValidation("Content-Type", "multipart/form-data; boundary=b");

        Assert.That(await app.AnswerAsync("/keyed/unread", null, body), Is.EqualTo("400 key-malformed"));
        Assert.That(app.Runs(), Is.Zero);
    }

    [TestCase("application/x-www-form-urlencoded; charset=utf-7", "key=k", TestName = "A form in UTF-7")]
    [TestCase(
        "multipart/form-data; boundary=b",
        "--b\r\nContent-Disposition: form-data; name=key\r\nContent-Type: text/plain; charset=utf-7\r\n\r\nk\r\n--b--\r\n",
        TestName = "A form with a part in UTF-7")]
    public async Task FormInACharsetThatIsNotSupportedIsRefused(string contentType, string form)
    {
        await using var app = await KeyedApp.StartAsync(KeySource.FormField("key"));
        using var body = new ByteArrayContent(Encoding.UTF8.GetBytes(form));
        body.Headers.TryAddWithoutValidation("Content-Type", contentType);

        Assert.That(await app.AnswerAsync("/keyed/unread", null, body), Is.EqualTo("400 key-malformed"));
        Assert.That(app.Runs(), Is.Zero);
    }

    [Test]
    public async Task FormBeyondTheAppsLimitsIsRefused()
    {
        await using var app = await Answers.StartAsync(
            [typeof(KeyedController)],
            s => s.Configure<FormOptions>(o => o.ValueCountLimit = 2).AddIdempotency(o => o.KeySources = [KeySource.FormField("key")]));

        Assert.That(
            await app.AnswerAsync("/keyed/unread", null, KeyedApp.Form(("key", "k"), ("a", "1"), ("b", "2"))),
            Is.EqualTo("400 key-malformed"));
        Assert.That(await app.AnswerAsync("/keyed/unread", null, KeyedApp.Form(("key", "k"), ("a", "1"))), Is.EqualTo("200 1"));
    }

    [Test]
    public async Task BodyThatSomebodyBufferedIsReadWhereItIs()
    {
        await using var app = await Answers.StartAsync(
            [typeof(KeyedController)],
            s => s.AddIdempotency(o => o.KeySources = [KeySource.JsonField("key")]),
            app => app.Use(async (http, next) =>
            {
                http.Request.EnableBuffering();
                await http.Request.Body.CopyToAsync(Stream.Null);
                http.Request.Body.Position = 0;
                await next(http);
            }));
        var json = """{"key":"k","amount":1}""";

        Assert.That(await app.AnswerAsync("/keyed/raw", null, KeyedApp.Json(json)), Is.EqualTo($"200 1 {json}"));
        Assert.That(await app.AnswerAsync("/keyed/raw", null, KeyedApp.Json(json)), Is.EqualTo($"200 1 {json} replayed"));
    }

    [Test]
    public async Task ManualModeReadsTheBodyOfARepeatTwice()
    {
        await using var app = await KeyedApp.StartAsync(KeySource.JsonField("key"));

        Assert.That(await app.AnswerAsync("/keyed/manual", null, KeyedApp.Json("""{"key":"k","amount":1}""")), Is.EqualTo("200 1 1 False"));
        Assert.That(
            await app.AnswerAsync("/keyed/manual", null, KeyedApp.Json("""{"key":"k","amount":1}""")), Is.EqualTo("200 2 1 True True"));
        Assert.That(
            await app.AnswerAsync("/keyed/manual", null, KeyedApp.Json("""{"key":"k","amount":2}""")), Is.EqualTo("200 3 2 True False"));
    }

    [Test]
    public async Task SecondJsonSourceReadsTheSameBody()
    {
        await using var app = await KeyedApp.StartAsync(KeySource.JsonField("first"), KeySource.JsonField("second"));

        Assert.That(await app.AnswerAsync("/keyed/json", null, KeyedApp.Json("""{"second":"k","amount":1}""")), Is.EqualTo("200 1 1"));
    }

    [Test]
    public async Task FormThatAntiforgeryLockedIsRefusedAndNothingRuns()
    {
        await using var app = await Answers.StartAsync(
            app =>
            {
                Answers.ShowErrors(app);
                app.UseRouting();
                app.UseAntiforgery();
                app.MapPost(
                    "/form",
                    ([Microsoft.AspNetCore.Mvc.FromForm] int amount, Runs runs) => runs.Next() + (amount * 0)).RequireIdempotency();
            },
            s => s.AddAntiforgery().AddIdempotency(o => o.KeySources = [KeySource.FormField("key")]));

        Assert.That(await app.AnswerAsync("/form", null, KeyedApp.Form(("key", "k"), ("amount", "1"))), Is.EqualTo("400 key-malformed"));
        Assert.That(app.Runs(), Is.Zero);
    }

    private static string Padded(int length)
    {
        const string Start = "{\"key\":\"k\",\"pad\":\"";
        return Start + new string('x', length - Start.Length - 2) + "\"}";
    }

    private sealed class UnknownLengthStream(string text) : MemoryStream(Encoding.UTF8.GetBytes(text))
    {
        public override bool CanSeek => false;
    }
}
