using System.Text;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Keys;

/// <summary>A form that the framework's reader fails on is the client's mistake, whatever the reader throws.</summary>
internal sealed class HostileFormTests
{
    private static readonly string[] PartHeaders =
    [
        "Content-Disposition: form-data; name=\"key\"; filename*",
        "Content-Disposition: form-data; name=\"key\"; filename*=utf-7''a",
        "Content-Disposition: ;",
        "Content-Disposition",
        ": form-data",
    ];

    private static readonly string[] UrlEncodedTypes =
    [
        "application/x-www-form-urlencoded; charset=utf-7",
        "multipart/form-data",
        "multipart/form-data; boundary=\"a b",
        "multipart/form-data; boundary=\"\"",
    ];

    [TestCaseSource(nameof(PartHeaders))]
    public async Task PartHeaderThatCannotBeReadIsRefused(string header)
    {
        await using var app = await KeyedApp.StartAsync(KeySource.FormField("key"));

        Assert.That(await app.AnswerAsync("/keyed/form", null, Part(header)), Is.EqualTo("400 key-malformed"));
        Assert.That(app.Runs(), Is.Zero);
    }

    [TestCaseSource(nameof(UrlEncodedTypes))]
    public async Task FormOfABadContentTypeIsRefused(string type)
    {
        await using var app = await KeyedApp.StartAsync(KeySource.FormField("key"));

        Assert.That(await app.AnswerAsync("/keyed/unread", null, Body(type, "key=k")), Does.StartWith("400 key-m"));
        Assert.That(app.Runs(), Is.Zero);
    }

    [TestCaseSource(nameof(PartHeaders))]
    public async Task RetryThatCannotBeReadIsAnotherRequest(string header)
    {
        await using var app = await KeyedApp.StartAsync(KeySource.Header("Idempotency-Key"));
        // The token makes the record one of the parsed form.
        const string Token = "RequestVerificationToken: t";

        Assert.That(await app.AnswerAsync("/keyed/form", "k", KeyedApp.Form(("amount", "1")), Token), Is.EqualTo("200 1 1"));
        Assert.That(await app.AnswerAsync("/keyed/form", "k", Part(header), Token), Is.EqualTo("422 key-reused"));
    }

    [TestCaseSource(nameof(PartHeaders))]
    public async Task RepeatThatCannotBeReadDoesNotMatchInManualMode(string header)
    {
        await using var app = await Answers.StartAsync([typeof(HostileController)], s => s.AddIdempotency());
        const string Token = "RequestVerificationToken: t";
        var first = Part("Content-Disposition: form-data; name=\"amount\"");

        Assert.That(await app.AnswerAsync("/hostile", "k", first, Token), Is.EqualTo("200 1 False"));
        Assert.That(await app.AnswerAsync("/hostile", "k", Part(header), Token), Is.EqualTo("200 2 True False"));
    }

    [Test]
    public async Task NoPartHeaderOfManyIsAnErrorOfTheServer()
    {
        await using var app = await KeyedApp.StartAsync(KeySource.FormField("key"));
        var random = new Random(11);
        string[] bits =
            ["; ", "name", "filename", "*", "=", "\"", "k", "utf-8''", "%", "%zz", "\\", "=?utf-8?B?", "?=", "'", "\t", "size=",
                "form-data"];

        for (var i = 0; i < 300; i++)
        {
            var header = "Content-Disposition: form-data" + string.Concat(random.GetItems(bits, random.Next(9)));
            var answer = await app.AnswerAsync("/keyed/unread", null, Part(header));
            Assert.That(answer, Does.Match("^(200 \\d|400 key)"), header);
        }
    }

    private static ByteArrayContent Part(string header, string type = "multipart/form-data; boundary=B") =>
        Body(type, $"--B\r\n{header}\r\n\r\n1\r\n--B--\r\n");

    private static ByteArrayContent Body(string type, string body)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        return content;
    }
}

[Route("hostile")]
public sealed class HostileController(Runs runs, IIdempotencyContext idempotency) : ControllerBase
{
    [HttpPost, IdempotencyManual]
    public string Post()
    {
        idempotency.Keep();
        return $"{runs.Next()} {idempotency.IsRepeat} {idempotency.RequestMatches}";
    }
}
