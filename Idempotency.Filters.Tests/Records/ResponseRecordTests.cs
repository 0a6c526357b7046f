using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using FsCheck;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Records;
using Idempotency.Filters.Requests;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters.Tests.Records;

public class ResponseRecordTests
{
    [FsCheck.NUnit.Property]
    public void WhatIsWrittenIsRead(string?[] names, NonNull<string?[]>[] values, byte[] body, int[] pieces, bool flagged, long created)
    {
        var headers = names.Select((name, i) => new KeyValuePair<string, StringValues>(
            Text(name), values.Length == 0 ? default : Array.ConvertAll(values[i % values.Length].Get, Text))).ToArray();
        var written = Sample() with
        {
            Flags = flagged ? RecordFlags.NotReplayable | RecordFlags.OutcomeUnknown : RecordFlags.None,
            Created = DateTimeOffset.FromUnixTimeMilliseconds(created % 1_000_000_000_000),
            Headers = headers,
            Body = Segments.Split(body, pieces),
        };

        var read = Read(Segments.Split(Bytes(written), pieces));

        AssertSame(read, written);
    }

    [TestCase("caf\u00e9")]
    [TestCase("\ud83d\ude00 \u0416")]
    [TestCase("\u0001\t\r\n")]
    [TestCase("application/json; charset=utf-8")]
    [TestCase("")]
    public void HeaderTextSurvivesWhateverItIs(string text)
    {
        var written = Sample() with { Headers = [new(text, text), new("X-Other", new[] { text, "", text })] };

        AssertSame(Read(new(Bytes(written))), written);
    }

    [Test]
    public void RemovedHeadersAndEmptyValuesStayApart()
    {
        var read = Read(new(Bytes(Sample() with
        {
            Headers = [new("ETag", default), new("Vary", ""), new("Link", new[] { null, "a" }), new("Age", new string?[] { null, null })],
        })));

        Assert.That(read.Headers.Select(header => header.Value.ToArray()), Is.EqualTo(new string[][] { [], [""], ["a"], [] }));
    }

    [Test]
    public void LongHeadersSurvive()
    {
        var written = Sample() with
        {
            Headers = [new("X-Long", new string('\u20ac', 100_000)), new("X-Many", Enumerable.Repeat("v", 20_000).ToArray())],
        };

        AssertSame(Read(new(Bytes(written))), written);
    }

    [Test]
    public void ALargeBodyIsLinkedNotCopied()
    {
        var body = new byte[100_000];
        using var buffer = (Sample() with { Body = new(body) }).Build().Write();

        Assert.That(buffer.Sequence.Slice(buffer.Sequence.Length - body.Length).FirstSpan == body.AsSpan(), Is.True);
    }

    [Test]
    public void KnownNamesAndValuesAreNotAllocatedAgain()
    {
        var bytes = new ReadOnlySequence<byte>(Bytes(Sample() with
        {
            Headers = [new("Content-Type", "application/json; charset=utf-8"), new("Cache-Control", "no-store")],
        }));
        var first = Read(bytes);
        var second = Read(bytes);

        for (var i = 0; i < 2; i++)
        {
            Assert.That(second.Headers[i].Key, Is.SameAs(first.Headers[i].Key));
            Assert.That(second.Headers[i].Value[0], Is.SameAs(first.Headers[i].Value[0]));
        }
    }

    [Test]
    public void EveryDamagedByteIsRefused()
    {
        var bytes = Bytes(Sample());
        for (var i = 0; i < bytes.Length; i++)
        {
            for (var flip = 1; flip < 256; flip++)
            {
                bytes[i] ^= (byte)flip;
                AssertRefused(bytes);
                bytes[i] ^= (byte)flip;
            }
        }
    }

    [Test]
    public void EveryTruncationIsRefused()
    {
        var bytes = Bytes(Sample());
        for (var length = 0; length < bytes.Length; length++)
        {
            AssertRefused(bytes[..length]);
            AssertRefused(length > 8 ? Sealed(bytes[..length]) : []);
        }
    }

    [Test]
    public void TrailingBytesAreRefused() => AssertRefused(Sealed([.. Bytes(Sample()), 0]));

    [TestCase(0, 'X', TestName = "Another sentinel is refused")]
    [TestCase(8, 0, TestName = "Version 0 is refused")]
    [TestCase(8, 2, TestName = "A version to come is refused")]
    [TestCase(9, 4, TestName = "A flag to come is refused")]
    [TestCase(9, 128, TestName = "The highest flag is refused")]
    [TestCase(19, 127, TestName = "A time beyond the calendar is refused")]
    [TestCase(20, 6, TestName = "A fingerprint form to come is refused")]
    [TestCase(85, 127, TestName = "An absurd number of headers is refused")]
    [TestCase(85, 255, TestName = "An absurd number of headers in two bytes is refused")]
    [TestCase(86, 200, TestName = "A header name to come is refused")]
    [TestCase(87, 127, TestName = "An absurd number of values is refused")]
    [TestCase(88, 200, TestName = "A header value to come is refused")]
    [TestCase(-9, 127, TestName = "An absurd body length is refused")]
    [TestCase(-9, 7, TestName = "A body length that leaves a byte over is refused")]
    [TestCase(-9, 255, TestName = "A body length that goes on into the body is refused")]
    public void WhatThisBuildDoesNotKnowIsRefused(int offset, int value)
    {
        var bytes = Bytes(Sample());
        bytes[offset < 0 ? bytes.Length + offset : offset] = (byte)value;

        AssertRefused(Sealed(bytes));
    }

    [FsCheck.NUnit.Property(MaxTest = 2000)]
    public void BytesOfAnyKindNeverThrow(byte[] tail, int offset, int[] pieces)
    {
        var bytes = Bytes(Sample());
        tail.CopyTo(bytes, Math.Abs(offset % (bytes.Length - Math.Min(tail.Length, bytes.Length - 1))));

        ResponseRecord.TryRead(Segments.Split(Sealed(bytes), pieces), out _, out _);
        ResponseRecord.TryRead(Segments.Split(tail, pieces), out _, out _);
    }

    [Test]
    public void AbsurdLengthsDoNotAllocate()
    {
        var bytes = Bytes(Sample());
        // One million as a varint, where the number of headers stands.
        new byte[] { 0xC0, 0x84, 0x3D }.CopyTo(bytes, 85);
        var sequence = new ReadOnlySequence<byte>(Sealed(bytes));
        ResponseRecord.TryRead(sequence, out _, out _);

        var before = GC.GetAllocatedBytesForCurrentThread();
        ResponseRecord.TryRead(sequence, out _, out _);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1024));
    }

    [Test]
    public void TheChecksumIsCrc32C() =>
        Assert.That(Crc32C.Of(Segments.Split("123456789"u8.ToArray(), 1, 5)), Is.EqualTo(0xE3069283));

    // The file holds every name and value of the table, so this fails if an entry moved.
    [Test]
    public void TheRecordOfVersion1StaysReadable()
    {
        var golden = Golden("record-v1.bin");
        var read = Read(new(golden));

        Assert.That(read.Flags, Is.EqualTo(RecordFlags.NotReplayable | RecordFlags.OutcomeUnknown));
        Assert.That(read.StatusCode, Is.EqualTo(201));
        Assert.That(read.Created, Is.EqualTo(new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero)));
        Assert.That(read.Fingerprint.Form, Is.EqualTo(BodyForm.Multipart));
        Assert.That(read.Fingerprint.Target[31], Is.EqualTo(32));
        Assert.That(read.Fingerprint.Body[31], Is.EqualTo(64));
        Assert.That(read.Body.ToArray(), Is.EqualTo("{\"id\":1}"u8.ToArray()));
        var headers = read.Headers.Select(header => $"{header.Key}: {string.Join(" | ", header.Value.ToArray())} ({header.Value.Count})\n");
        Assert.That(string.Concat(headers), Is.EqualTo(Encoding.UTF8.GetString(Golden("record-v1.txt"))));

        using var again = read.Write();
        Assert.That(again.Sequence.ToArray(), Is.EqualTo(golden));
    }

    [Test]
    public void TheRecordOfAnyRequestStaysReadable()
    {
        var golden = Golden("record-v1-any-request.bin");
        var read = Read(new(golden));

        Assert.That(golden[8], Is.EqualTo(1));
        Assert.That(golden[20], Is.EqualTo(4));
        Assert.That(read.Flags, Is.EqualTo(RecordFlags.None));
        Assert.That(read.StatusCode, Is.EqualTo(201));
        Assert.That(read.Created, Is.EqualTo(new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero)));
        Assert.That(read.Fingerprint.HasBody, Is.False);
        Assert.That(read.Fingerprint.TargetMatches(Draft.Request.Target), Is.True);
        Assert.That(read.Fingerprint.Matches(Draft.Request), Is.Null);
        Assert.That(
            read.Headers.Select(header => $"{header.Key}: {header.Value}"),
            Is.EqualTo(["Content-Type: application/json", "X-Resolved: by hand"]));
        Assert.That(read.Body.ToArray(), Is.EqualTo("{\"id\":1}"u8.ToArray()));

        using var again = read.Write();
        Assert.That(again.Sequence.ToArray(), Is.EqualTo(golden));
    }

    [Test]
    public void TheRecordOfARequestWithoutABodyStaysReadable()
    {
        var golden = Golden("record-v1-empty-request.bin");
        var read = Read(new(golden));

        Assert.That(golden[20], Is.EqualTo(5));
        Assert.That(read.StatusCode, Is.EqualTo(204));
        Assert.That(read.Fingerprint.TargetMatches(Draft.Request.Target), Is.True);
        Assert.That(read.Fingerprint.Matches(Draft.Request), Is.False);
        Assert.That(read.Fingerprint.BodyMatches(new() { Target = default, Form = BodyForm.Empty, Body = default }), Is.True);
        Assert.That(read.Headers.Select(header => $"{header.Key}: {header.Value}"), Is.EqualTo(["ETag: \"1\""]));
        Assert.That(read.Body.IsEmpty, Is.True);

        using var again = read.Write();
        Assert.That(again.Sequence.ToArray(), Is.EqualTo(golden));
    }

    [TestCase((int)BodyForm.Unknown, 32)]
    [TestCase((int)BodyForm.Bytes, 64)]
    [TestCase((int)BodyForm.Multipart, 64)]
    [TestCase((int)BodyForm.ParsedForm, 64)]
    [TestCase((int)BodyForm.AnyRequest, 0)]
    [TestCase((int)BodyForm.Empty, 32)]
    public void ARecordHoldsNoHashThatNothingIsComparedWith(int form, int hashes)
    {
        var fingerprint = new Fingerprint { Target = Draft.Request.Target, Form = (BodyForm)form, Body = Draft.Request.Body };
        var record = new ResponseRecord
        {
            Flags = RecordFlags.None, StatusCode = 204, Created = DateTimeOffset.UnixEpoch, Fingerprint = fingerprint, Headers = [],
        };

        using var written = record.Write();

        Assert.That(written.Sequence.Length, Is.EqualTo(21 + hashes + 2));
        Assert.That(Read(written.Sequence).Fingerprint.Form, Is.EqualTo((BodyForm)form));
    }

    private static byte[] Golden(string name)
    {
        using var stream = typeof(ResponseRecordTests).Assembly.GetManifestResourceStream(typeof(ResponseRecordTests), "Golden." + name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static Draft Sample() => new()
    {
        Headers = [new("Content-Type", "application/json"), new("X-Literal", new[] { "one", "", "zw\u00f6lf" }), new("ETag", default)],
        Body = new("{\"id\":1}"u8.ToArray()),
    };

    private static byte[] Bytes(Draft draft)
    {
        using var buffer = draft.Build().Write();
        return buffer.Sequence.ToArray();
    }

    private static byte[] Sealed(byte[] bytes)
    {
        bytes = [.. bytes];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Crc32C.Of(new(bytes, 8, bytes.Length - 8)));
        return bytes;
    }

    private static ResponseRecord Read(ReadOnlySequence<byte> bytes)
    {
        // The format alone, whatever HTTP allows.
        Assert.That(ResponseRecordReader.Read(bytes, out var record), Is.Null);
        return record;
    }

    private static void AssertRefused(byte[] bytes)
    {
        if (ResponseRecord.TryRead(new(bytes), out _, out var error) || error is null)
            Assert.Fail("The bytes were taken for a record.");
    }

    private static void AssertSame(ResponseRecord read, Draft written)
    {
        Assert.That(read.Flags, Is.EqualTo(written.Flags));
        Assert.That(read.StatusCode, Is.EqualTo(201));
        Assert.That(read.Created, Is.EqualTo(written.Created));
        Assert.That(read.Fingerprint.Matches(Draft.Request), Is.True);
        Assert.That(read.Headers.Select(header => header.Key), Is.EqualTo(written.Headers.Select(header => header.Key)));
        Assert.That(read.Headers.Select(Values), Is.EqualTo(written.Headers.Select(Values)));
        Assert.That(read.Body.ToArray(), Is.EqualTo(written.Body.ToArray()));
    }

    private static string?[] Values(KeyValuePair<string, StringValues> header) => header.Value.ToArray();

    // UTF-8 cannot encode a lone surrogate, and no server would send one.
    private static string Text(string? text) => string.Concat((text ?? "").Where(c => !char.IsSurrogate(c)));

    private sealed record Draft
    {
        public static readonly Fingerprint Request = new()
        {
            Target = Sha256Digest.From([.. Enumerable.Range(1, 32).Select(i => (byte)i)]),
            Form = BodyForm.Multipart,
            Body = Sha256Digest.From([.. Enumerable.Range(33, 32).Select(i => (byte)i)]),
        };

        public RecordFlags Flags { get; init; } = RecordFlags.NotReplayable;

        public DateTimeOffset Created { get; init; } = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

        public KeyValuePair<string, StringValues>[] Headers { get; init; } = [];

        public ReadOnlySequence<byte> Body { get; init; }

        public ResponseRecord Build() =>
            new() { Flags = Flags, StatusCode = 201, Created = Created, Fingerprint = Request, Headers = Headers, Body = Body };
    }
}
