using System.Buffers;
using System.Buffers.Binary;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Records;
using Idempotency.Filters.Requests;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters.Tests.Records;

/// <summary>
/// Records that somebody else wrote into the store: each is replayed as a whole response, or refused with 503 <c>record-unreadable</c>.
/// Nothing else reaches the client, and the action never runs.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class PlantedRecordTests
{
    private static readonly string[] Forbidden = ["Set-Cookie", "Transfer-Encoding", "Connection", "WWW-Authenticate", "Trailer"];

    private static readonly string[] Names =
    [
        .. Forbidden, "Content-Length", "content-length", "Content-Type", "ETag", "X-A", "x-a", "Date", "Server", "Location", "Upgrade",
        "X A", "", "X\r\nSet-Cookie", "\u00c4", ":status", "Idempotent-Replayed", "Content-Encoding",
    ];

    private static readonly string[] Values =
        ["", "0", "3", "4", "-1", "chunked", "a\r\nb: c", "caf\u00e9", "\u20ac", "\0", " x ", "application/json", new('x', 9000), "close"];

    private readonly Script _script = new();
    private readonly FaultyStore _store = new();
    private ReadOnlySequence<byte> _planted;

    [SetUp]
    public void Plant() => _store.OnClaim = () => ClaimResult.Completed(_planted);

    [Test]
    public async Task RecordOfAnyStatusAndAnyHeadersIsReplayedWholeOrRefused()
    {
        await using var app = await StartAsync();
        var random = TestContext.CurrentContext.Random;
        var replayed = 0;
        for (var turn = 0; turn < 1500; turn++)
        {
            var record = new ResponseRecord
            {
                Flags = RecordFlags.None,
                StatusCode = random.Next(8) == 0 ? Pick(random, 0, 99, 100, 101, 199, 600, 999, 1000, 65535) : random.Next(200, 600),
                Created = DateTimeOffset.UnixEpoch,
                Fingerprint = Fingerprint.OfAnyRequest,
                Headers =
                [
                    .. Enumerable.Range(0, random.Next(4)).Select(_ => new KeyValuePair<string, StringValues>(
                        Pick(random, Names), Enumerable.Range(0, random.Next(3)).Select(_ => Pick(random, Values)).ToArray())),
                ],
                Body = new("body"u8.ToArray().AsMemory(0, random.Next(5))),
            };
            _planted = Bytes(record);
            replayed += await AssertIsReplayedOrRefusedAsync(app, record) ? 1 : 0;
        }

        Assert.That(replayed, Is.InRange(100, 1400), "both must happen");
    }

    [Test]
    public async Task RecordOfAnyDamageIsReplayedWholeOrRefused()
    {
        await using var app = await StartAsync();
        var random = TestContext.CurrentContext.Random;
        var good = new ResponseRecord
        {
            Flags = RecordFlags.None, StatusCode = 201, Created = DateTimeOffset.UnixEpoch, Fingerprint = Fingerprint.OfAnyRequest,
            Headers = [new("Content-Type", "text/plain"), new("X-Literal", new[] { "one", "two" }), new("Content-Length", "4")],
            Body = new("body"u8.ToArray()),
        };
        for (var turn = 0; turn < 1500; turn++)
        {
            var bytes = Bytes(good).ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
                bytes[random.Next(8, bytes.Length)] = (byte)random.Next(256);
            // As somebody does it who knows the format.
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Crc32C.Of(new(bytes, 8, bytes.Length - 8)));
            _planted = new(bytes);
            await AssertIsReplayedOrRefusedAsync(app, ResponseRecord.TryRead(_planted, out var read, out _) ? read : null);
        }
    }

    /// <summary>By default, Kestrel sends no header outside of ASCII. Nobody could have received this one.</summary>
    [TestCase("caf\u00e9")]
    [TestCase("\u20ac")]
    public async Task HeaderThatTheServerDoesNotSendIsRefused(string value)
    {
        await using var app = await StartAsync();
        _planted = Bytes(new()
        {
            Flags = RecordFlags.None, StatusCode = 201, Created = DateTimeOffset.UnixEpoch, Fingerprint = Fingerprint.OfAnyRequest,
            Headers = [new("X-Fine", "1"), new("X-Name", value), new("X-Late", "1")],
        });

        using var response = await app.PostAsync("/planted", "k");

        await response.IsProblemAsync(503, "record-unreadable");
        Assert.That(response.Headers.Contains("X-Fine"), Is.False);
        Assert.That(app.Logs.Lines.Count(line => line.Id.Id == 7), Is.EqualTo(1));
    }

    /// <returns>Whether it is replayed.</returns>
    private async Task<bool> AssertIsReplayedOrRefusedAsync(TestApp app, ResponseRecord? planted)
    {
        using var response = await app.PostAsync("/planted", "k").Soon();
        var body = await response.Content.ReadAsByteArrayAsync().Soon();
        Assert.That(_script.Runs, Is.Zero);
        foreach (var name in Forbidden.Except(["Transfer-Encoding"]))
            Assert.That(response.Headers.Contains(name), Is.False, name);
        if (!response.IsReplay())
        {
            // A record may be a closed key, too.
            if (response.StatusCode is not System.Net.HttpStatusCode.Conflict)
                await response.IsProblemAsync(503, "record-unreadable");
            return false;
        }

        Assert.That((int)response.StatusCode, Is.EqualTo(planted!.Value.StatusCode).And.InRange(200, 599));
        Assert.That(response.Headers.TransferEncodingChunked, Is.Not.True);
        if ((int)response.StatusCode is not (204 or 205 or 304))
            Assert.That(body, Is.EqualTo(planted.Value.Body.ToArray()));
        return true;
    }

    private Task<TestApp> StartAsync() => _script.StartAsync<PlantedController>(store: _store);

    private static T Pick<T>(Random random, params T[] all) => all[random.Next(all.Length)];

    private static ReadOnlySequence<byte> Bytes(ResponseRecord record)
    {
        using var written = record.Write();
        return new(written.Sequence.ToArray());
    }
}

[ApiController]
public sealed class PlantedController(Script script) : ControllerBase
{
    [HttpPost("planted"), Idempotent]
    public Task<IActionResult> Run() => script.RunAsync(HttpContext);
}
