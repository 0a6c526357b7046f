using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters.Tests.Administration;

/// <summary>An answer that no server would send is refused before it is stored.</summary>
internal sealed class IdempotencyResolutionTests
{
    [TestCase(0)]
    [TestCase(199)]
    [TestCase(600)]
    public void StatusThatIsNoFinalOneIsRefused(int status) =>
        Assert.That(() => IdempotencyResolution.Completed(status), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [TestCase(204)]
    [TestCase(205)]
    [TestCase(304)]
    public void BodyThatTheStatusDoesNotAllowIsRefused(int status)
    {
        Assert.That(
            () => IdempotencyResolution.Completed(status, body: "x"u8.ToArray()),
            Throws.ArgumentException.With.Message.Contains("allows none"));
        Assert.That(() => IdempotencyResolution.Completed(status), Throws.Nothing);
    }

    [TestCase("3")]
    [TestCase("5")]
    public void LengthThatIsNotThatOfTheBodyIsRefused(string length) => Assert.That(
        () => IdempotencyResolution.Completed(200, Header("Content-Length", length), "body"u8.ToArray()),
        Throws.ArgumentException.With.Message.Contains("Content-Length"));

    [TestCase("", "value")]
    [TestCase("X Header", "value")]
    [TestCase("X-Header:", "value")]
    [TestCase("X-Header", "one\r\ntwo: injected")]
    [TestCase("X-Header", "one\ntwo")]
    [TestCase("X-Header", "z\u00fcrich")]
    [TestCase("X-Header", "\0")]
    public void HeaderThatNoServerSendsIsRefused(string name, string value) =>
        Assert.That(() => IdempotencyResolution.Completed(200, Header(name, value)), Throws.ArgumentException);

    [Test]
    public void BodyIsCopied()
    {
        var body = "body"u8.ToArray();
        var resolution = IdempotencyResolution.Completed(200, body: body);

        body.AsSpan().Fill((byte)'x');

        Assert.That(resolution.ToRecord(null, default)!.Value.Body.FirstSpan.SequenceEqual("body"u8), Is.True);
    }

    private static KeyValuePair<string, StringValues>[] Header(string name, string value) => [new(name, value)];
}
