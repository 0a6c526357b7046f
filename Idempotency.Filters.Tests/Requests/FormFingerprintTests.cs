using System.Text;
using Idempotency.Filters.Requests;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Moq;

namespace Idempotency.Filters.Tests.Requests;

public class FormFingerprintTests
{
    private const string UrlEncoded = "application/x-www-form-urlencoded";

    [TestCase("a=1&b=2&b=3", "b=2&a=1&b=3", true)]
    [TestCase("a=1&b=2&b=3", "a=1&b=3&b=2", false)]
    [TestCase("a=1", "a=2", false)]
    [TestCase("a=1", "b=1", false)]
    [TestCase("a=1&b=", "a=1", false)]
    [TestCase("a=12&b=3", "a=1&b=23", false)]
    [TestCase("a=x&a=y&b=z", "a=x&y=b&y=z", false)]
    [TestCase("a=1&__RequestVerificationToken=x", "a=1&__RequestVerificationToken=y", true)]
    [TestCase("a=1&__RequestVerificationToken=x", "a=1", true)]
    public async Task AFormIsItsFields(string first, string second, bool same)
    {
        var one = await Attached(await Parsed(Request(UrlEncoded, first)));
        var other = await Attached(await Parsed(Request(UrlEncoded, second)));

        Assert.That(one.Form, Is.EqualTo(BodyForm.ParsedForm));
        Assert.That(one.BodyMatches(other), Is.EqualTo(same));
    }

    [TestCase("f", "n", "t/t", "hello", true)]
    [TestCase("g", "n", "t/t", "hello", false)]
    [TestCase("f", "m", "t/t", "hello", false)]
    [TestCase("f", "n", "t/u", "hello", false)]
    [TestCase("f", "n", "t/t", "hallo", false)]
    [TestCase("f", "n", "t/t", "hello\r\n", false)]
    public async Task AFormIsItsFilesToo(string name, string fileName, string type, string content, bool same)
    {
        static string Multipart(string boundary, string name, string fileName, string type, string content) =>
            $"--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{fileName}\"\r\nContent-Type: {type}\r\n\r\n"
            + $"{content}\r\n--{boundary}--\r\n";

        var parsed = await Parsed(Request("multipart/form-data; boundary=b1", Multipart("b1", "f", "n", "t/t", "hello")));
        var one = await Attached(parsed);
        var retry = Request("multipart/form-data; boundary=b2", Multipart("b2", name, fileName, type, content));

        var other = await Retry.FingerprintAsync(retry, BodyForm.ParsedForm, null, default);

        Assert.That(one.BodyMatches(other), Is.EqualTo(same));
        using var file = new StreamReader(parsed.Form.Files[0].OpenReadStream());
        Assert.That(await file.ReadToEndAsync(), Is.EqualTo("hello"));
    }

    [Test]
    public async Task TheAntiforgeryFieldMayHaveAnotherName()
    {
        var services = new ServiceCollection();
        services.Configure<AntiforgeryOptions>(options => options.FormFieldName = "token");
        await using var provider = services.BuildServiceProvider();
        var one = Request(UrlEncoded, "a=1&token=x");
        var other = Request(UrlEncoded, "a=1&token=y");
        one.HttpContext.RequestServices = other.HttpContext.RequestServices = provider;

        Assert.That((await Attached(await Parsed(one))).BodyMatches(await Attached(await Parsed(other))), Is.True);
    }

    [Test]
    public async Task AFormThatWasParsedOnOneSideOnlyIsParsedOnTheOther()
    {
        var one = await Attached(await Parsed(Request(UrlEncoded, "a=1")));
        var retry = Request(UrlEncoded, "a=1");
        var body = retry.Body;

        Assert.That(one.BodyMatches(await Retry.FingerprintAsync(retry, BodyForm.ParsedForm, 3, default)), Is.True);
        Assert.That(retry.Body, Is.SameAs(body));

        var consumed = await Parsed(Request(UrlEncoded, "a=1"));
        Assert.That((await Retry.FingerprintAsync(consumed, BodyForm.Bytes, null, default)).Form, Is.EqualTo(BodyForm.ParsedForm));
    }

    [Test]
    public void ParsingHasTheSameLimit() => Assert.That(
        async () => await Retry.FingerprintAsync(Request(UrlEncoded, "a=123"), BodyForm.ParsedForm, 4, default),
        Throws.TypeOf<RequestBodyTooLargeException>());

    [Test]
    public async Task AFormThatCannotBeParsedIsAnotherOne()
    {
        var one = await Attached(await Parsed(Request(UrlEncoded, "a=1")));
        var tooMany = string.Join('&', Enumerable.Range(0, 2000).Select(i => $"a{i}=1"));

        var other = await Retry.FingerprintAsync(Request(UrlEncoded, tooMany), BodyForm.ParsedForm, null, default);

        Assert.That(one.BodyMatches(other), Is.False);
    }

    [TestCase(UrlEncoded)]
    [TestCase("multipart/form-data; boundary=b")]
    public async Task NoFormIsAnotherOneThanOneWithFields(string contentType)
    {
        var one = await Attached(await Parsed(Request(UrlEncoded, "a=1")));
        var empty = Request(contentType, "");
        empty.HttpContext.Features.Set(Mock.Of<IHttpRequestBodyDetectionFeature>(feature => !feature.CanHaveBody));

        Assert.That(one.BodyMatches(await Retry.FingerprintAsync(empty, BodyForm.ParsedForm, null, default)), Is.False);
    }

    [Test]
    public async Task ABodyThatCanBeReadTwiceIsParsedFromItsStart()
    {
        var one = await Attached(await Parsed(Request(UrlEncoded, "a=1")));
        var retry = Request(UrlEncoded, "");
        retry.Body = new MemoryStream("a=1"u8.ToArray()) { Position = 2 };

        Assert.That(one.BodyMatches(await RequestFingerprint.BufferAsync(Hashing.Plain, retry, BodyForm.ParsedForm, 0, default)), Is.True);
        Assert.That(retry.Body.Position, Is.Zero);
    }

    [Test]
    public async Task AnUnparsedFormIsNotParsedForUs()
    {
        var request = Request(UrlEncoded, "a=1");

        using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, request, default);

        Assert.That((await request.ReadFormAsync())["a"], Is.EqualTo("1"));
        Assert.That((await Finish(fingerprint)).Form, Is.EqualTo(BodyForm.Bytes));
    }

    [Test]
    public async Task AFormWithAWrongTokenIsLeftAlone()
    {
        var request = await Parsed(Request(UrlEncoded, "a=1"));
        request.ContentLength = 3;
        request.HttpContext.Items["__AntiforgeryMiddlewareWithEndpointInvoked"] = true;
        request.HttpContext.Features.Set(Mock.Of<IAntiforgeryValidationFeature>(feature => !feature.IsValid));

        Assert.That((await Attached(request)).Form, Is.EqualTo(BodyForm.Unknown));
        var computed = await Retry.FingerprintAsync(request, BodyForm.ParsedForm, null, default);
        Assert.That(computed.Form, Is.EqualTo(BodyForm.Unknown));
    }

    private static HttpRequest Request(string contentType, string body)
    {
        var request = new DefaultHttpContext().Request;
        (request.Method, request.ContentType, request.Body) = ("POST", contentType, new BodyStream(Encoding.UTF8.GetBytes(body), 5));
        return request;
    }

    private static async Task<HttpRequest> Parsed(HttpRequest request)
    {
        await request.ReadFormAsync();
        return request;
    }

    private static async Task<Fingerprint> Attached(HttpRequest request)
    {
        using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, request, default);
        return await Finish(fingerprint);
    }

    private static ValueTask<Fingerprint> Finish(RequestFingerprint fingerprint) =>
        fingerprint.FinishAsync(TimeSpan.FromMinutes(1), TimeProvider.System, default);
}
