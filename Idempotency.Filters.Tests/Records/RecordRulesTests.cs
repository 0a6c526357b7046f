using System.Buffers;
using Idempotency.Filters.Records;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters.Tests.Records;

/// <summary>What is checked again when a record is read, since other hands may reach the store.</summary>
internal sealed class RecordRulesTests
{
    [TestCase("X-A", "plain")]
    [TestCase("X-A", "")]
    [TestCase("X-A", "tab\tand caf\u00e9")]
    [TestCase("x!#$%&'*+-.^_`|~0", "token")]
    public void HeaderThatAServerSendsIsRead(string name, string value)
    {
        Assert.That(Read(Header(name, value)), Is.Null);
    }

    [TestCase("X-A", "one\r\nSet-Cookie: session=1")]
    [TestCase("X-A", "one\ntwo")]
    [TestCase("X-A", "one\rtwo")]
    [TestCase("X-A", "nul\0")]
    [TestCase("X-A", "\u001b[31m")]
    [TestCase("X-A", "del\u007f")]
    [TestCase("", "no name")]
    [TestCase("X A", "space")]
    [TestCase("X-A:", "colon")]
    [TestCase("X-A\r\nX-B", "split")]
    [TestCase("X-\u00c4", "not ASCII")]
    public void HeaderThatHttpDoesNotAllowMakesTheRecordUnreadable(string name, string value)
    {
        Assert.That(Read(Header(name, value)), Is.Not.Null);
        Assert.That(Read(Header("X-Good", "1"), Header(name, new[] { "good", value })), Is.Not.Null);
    }

    [TestCase(0)]
    [TestCase(100)]
    [TestCase(101)]
    [TestCase(199)]
    [TestCase(600)]
    [TestCase(999)]
    [TestCase(65535)]
    public void StatusThatNoServerSendsMakesTheRecordUnreadable(int status)
    {
        Assert.That(ReadStatus(status, RecordFlags.None), Is.Not.Null);
        Assert.That(ReadStatus(status, RecordFlags.OutcomeUnknown), Is.Null, "a blocked key stays blocked, and its status is never sent");
    }

    [TestCase(200)]
    [TestCase(599)]
    public void StatusOfAResponseIsRead(int status) => Assert.That(ReadStatus(status, RecordFlags.None), Is.Null);

    /// <summary>No release has stored one, so another hand has.</summary>
    [TestCase("Set-Cookie", "session=1")]
    [TestCase("set-cookie", "session=1")]
    [TestCase("Transfer-Encoding", "chunked")]
    [TestCase("Connection", "close")]
    [TestCase("Upgrade", "h2c")]
    [TestCase("Trailer", "X-A")]
    [TestCase("Authorization", "Bearer x")]
    [TestCase("WWW-Authenticate", "Basic")]
    [TestCase("Content-Length", "7")]
    [TestCase("Content-Length", "-1")]
    [TestCase("Content-Length", "0, 0")]
    [TestCase("Content-Length", "+0")]
    [TestCase("Content-Length", "")]
    public void HeaderThatProvesAForgeryMakesTheRecordUnreadable(string name, string value)
    {
        Assert.That(Read(Header("X-A", "1"), Header(name, value)), Is.Not.Null);
    }

    [Test]
    public void TwoFramingsOfOneMessageMakeTheRecordUnreadable()
    {
        Assert.That(Read(Header("Content-Length", "0"), Header("Transfer-Encoding", "chunked")), Is.Not.Null);
        Assert.That(Read(Header("Content-Length", "0"), Header("content-length", "1")), Is.Not.Null);
    }

    [TestCase("Access-Control-Allow-Origin", "*")]
    [TestCase("X-RateLimit-Reset", "5")]
    [TestCase("traceparent", "00-1-1-00")]
    [TestCase("Date", "Thu, 01 Jan 1970 00:00:00 GMT")]
    public void HeaderThatIsNeverKeptIsDropped(string name, string value)
    {
        Assert.That(Read(out var record, Header("X-A", "1"), Header(name, value), Header("X-B", "2")), Is.Null);

        Assert.That(record.Headers.Select(header => header.Key), Is.EqualTo(["X-A", "X-B"]));
    }

    [Test]
    public void EmptyBodyKeepsItsLength()
    {
        Assert.That(Read(out var record, Header("Content-Length", "0")), Is.Null);

        Assert.That(record.Headers, Has.Count.EqualTo(1));
    }

    private static KeyValuePair<string, StringValues> Header(string name, StringValues values) => new(name, values);

    private static string? Read(params KeyValuePair<string, StringValues>[] headers) => Read(out _, headers);

    private static string? Read(out ResponseRecord record, params KeyValuePair<string, StringValues>[] headers) =>
        Read(new() { Flags = default, StatusCode = 201, Created = default, Fingerprint = default, Headers = headers }, out record);

    private static string? ReadStatus(int status, RecordFlags flags) =>
        Read(new() { Flags = flags, StatusCode = status, Created = default, Fingerprint = default, Headers = [] }, out _);

    private static string? Read(ResponseRecord written, out ResponseRecord record)
    {
        using var bytes = written.Write();
        ResponseRecord.TryRead(new ReadOnlySequence<byte>(bytes.Sequence.ToArray()), out record, out var error);
        return error;
    }
}
