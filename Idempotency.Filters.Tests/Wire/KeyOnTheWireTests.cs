using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters.Tests.Wire;

/// <summary>Keys as bytes on a socket: no odd key makes an endpoint run unprotected or crashes the process.</summary>
[TestFixture("/required")]
[TestFixture("/optional")]
internal sealed class KeyOnTheWireTests(string path)
{
    private Script _script = null!;
    private TestApp _app = null!;

    [SetUp]
    public async Task StartAsync() => _app = await (_script = new Script()).StartAsync<KeyOnTheWireController>();

    [TearDown]
    public async Task StopAsync() => await _app.DisposeAsync();

    [TestCase("", TestName = "EmptyIsMalformed")]
    [TestCase(" \t ", TestName = "BlankIsMalformed")]
    [TestCase("a,b", TestName = "ListIsMalformed")]
    [TestCase("\"a\", \"b\"", TestName = "ListOfStringsIsMalformed")]
    [TestCase("a;b", TestName = "BareWithParameterIsMalformed")]
    [TestCase("a b", TestName = "BareWithSpaceIsMalformed")]
    [TestCase("a\tb", TestName = "BareWithTabIsMalformed")]
    [TestCase("a\\b", TestName = "BareWithBackslashIsMalformed")]
    [TestCase("a\"b\"", TestName = "QuoteInsideBareIsMalformed")]
    [TestCase("\"", TestName = "LoneQuoteIsMalformed")]
    [TestCase("\"\"", TestName = "EmptyStringIsMalformed")]
    [TestCase("\"abc", TestName = "UnclosedStringIsMalformed")]
    [TestCase("abc\"", TestName = "UnopenedStringIsMalformed")]
    [TestCase("\"a\"b", TestName = "TextAfterStringIsMalformed")]
    [TestCase("\"a\\x\"", TestName = "UnknownEscapeIsMalformed")]
    [TestCase("\"a\\\"", TestName = "EscapedClosingQuoteIsMalformed")]
    [TestCase("\"a\tb\"", TestName = "TabInsideStringIsMalformed")]
    [TestCase("\"a\";", TestName = "ParameterWithoutNameIsMalformed")]
    [TestCase("caf\u00c3\u00a9", TestName = "Utf8IsMalformed")]
    [TestCase("\"caf\u00c3\u00a9\"", TestName = "Utf8InStringIsMalformed")]
    [TestCase("\u00f0\u009f\u0092\u00b6", TestName = "EmojiIsMalformed")]
    public void MalformedKeyIsRefused(string key) => AssertMalformed(Send($"Idempotency-Key: {key}\r\n"));

    [Test]
    public void OverlongKeyIsMalformed([Values("", "\"")] string quote) =>
        AssertMalformed(Send($"Idempotency-Key: {quote}{new string('k', 256)}{quote}\r\n"));

    [Test]
    public void LongestKeyIsAccepted([Values("", "\"")] string quote)
    {
        Assert.That(Send($"Idempotency-Key: {quote}{new string('k', 255)}{quote}\r\n"), Does.StartWith("HTTP/1.1 201"));
        Assert.That(_script.Runs, Is.EqualTo(1));
    }

    [TestCase("a", "b", TestName = "TwoLinesAreMalformed")]
    [TestCase("a", "a", TestName = "TwoEqualLinesAreMalformed")]
    [TestCase("", "a", TestName = "EmptyLineBeforeAKeyIsMalformed")]
    [TestCase("a", "", TestName = "EmptyLineAfterAKeyIsMalformed")]
    public void TwoLines(string first, string second) =>
        AssertMalformed(Send($"Idempotency-Key: {first}\r\nidempotency-key: {second}\r\n"));

    [TestCase("a\u0000b", TestName = "NulIsRefusedByTheServer")]
    [TestCase("caf\u00e9", TestName = "InvalidUtf8IsRefusedByTheServer")]
    [TestCase("\u00ff\u00fe", TestName = "BytesThatAreNoTextAreRefusedByTheServer")]
    [TestCase("a\rb", TestName = "CarriageReturnIsRefused")]
    [TestCase("a\nb", TestName = "LineFeedIsRefused")]
    public void ServerRefuses(string key) => AssertRefused(Send($"Idempotency-Key: {key}\r\n"));

    [Test]
    public void ControlCharacterIsRefused([Values(1, 2, 8, 11, 12, 14, 27, 31, 127)] int control) =>
        AssertRefused(Send($"Idempotency-Key: a{(char)control}b\r\n"));

    [Test]
    public void KeyBeyondTheServersHeaderLimitIsRefused() =>
        Assert.That(Send($"Idempotency-Key: {new string('k', 40_000)}\r\n"), Does.StartWith("HTTP/1.1 4"));

    [TestCase("\"abc\"", TestName = "QuotedIsTheSameKey")]
    [TestCase("  abc\t", TestName = "SurroundingBlanksAreNoPartOfTheKey")]
    [TestCase("\"abc\";a=1;b=\"x\";c", TestName = "ParametersAreIgnored")]
    public async Task SameKeyReplays(string key)
    {
        Assert.That(Send("Idempotency-Key: abc\r\n"), Does.StartWith("HTTP/1.1 201"));

        Assert.That(Send($"Idempotency-Key: {key}\r\n"), Does.StartWith("HTTP/1.1 201").And.Contain("Idempotent-Replayed: true"));

        Assert.That(_script.Runs, Is.EqualTo(1));
        await AssertAliveAsync();
    }

    [Test]
    public void EscapesAreDecoded()
    {
        Assert.That(Send("Idempotency-Key: \"a\\\"b\\\\c\"\r\n"), Does.StartWith("HTTP/1.1 201"));
        Assert.That(Send("Idempotency-Key: \"a\\\"b\\\\c\"\r\n"), Does.Contain("Idempotent-Replayed: true"));
        Assert.That(Send("Idempotency-Key: \"a\\\"b\\\\\\\\c\"\r\n"), Does.Not.Contain("Idempotent-Replayed"));
    }

    [Test]
    public void KeysDifferByCase()
    {
        Assert.That(Send("Idempotency-Key: abc\r\n"), Does.StartWith("HTTP/1.1 201"));
        Assert.That(Send("Idempotency-Key: ABC\r\n"), Does.Not.Contain("Idempotent-Replayed"));
    }

    [Test]
    public void HeaderNameIsComparedWithoutCase()
    {
        Assert.That(Send("Idempotency-Key: abc\r\n"), Does.StartWith("HTTP/1.1 201"));
        Assert.That(Send("IDEMPOTENCY-KEY: abc\r\n"), Does.Contain("Idempotent-Replayed: true"));
    }

    [Test]
    public void MissingKeyIsRefusedOnlyWhereItIsRequired()
    {
        var required = path == "/required";

        Assert.That(Send(""), Does.StartWith(required ? "HTTP/1.1 400" : "HTTP/1.1 201"));

        Assert.That(_script.Runs, Is.EqualTo(required ? 0 : 1));
    }

    private string Send(string headers)
    {
        using var connection = new RawConnection(_app.Address);
        connection.Send($"POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: 0\r\n\r\n");
        return connection.ReceiveText();
    }

    private void AssertMalformed(string response)
    {
        Assert.That(response, Does.StartWith("HTTP/1.1 400").And.Contain("application/problem+json").And.Contain("\"key-malformed\""));
        AssertNotRun();
    }

    private void AssertRefused(string response)
    {
        Assert.That(response, Does.StartWith("HTTP/1.1 400"));
        AssertNotRun();
    }

    private void AssertNotRun()
    {
        Assert.That(_script.Runs, Is.Zero);
        Assert.That(Send("Idempotency-Key: good\r\n"), Does.StartWith("HTTP/1.1 201"));
    }

    private async Task AssertAliveAsync()
    {
        using var response = await _app.PostAsync(path, "another");
        await response.IsRunAsync(2);
    }
}

[ApiController]
public sealed class KeyOnTheWireController(Script script) : ControllerBase
{
    [HttpPost("required"), Idempotent]
    public Task<IActionResult> Required() => script.RunAsync(HttpContext);

    [HttpPost("optional"), Idempotent(KeyRequired = false)]
    public Task<IActionResult> Optional() => script.RunAsync(HttpContext);
}
