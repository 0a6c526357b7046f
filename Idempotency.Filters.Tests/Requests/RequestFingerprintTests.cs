using System.IO.Pipelines;
using System.Security.Cryptography;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Moq;

namespace Idempotency.Filters.Tests.Requests;

public class RequestFingerprintTests
{
    private static readonly byte[] Body = [.. Enumerable.Range(0, 10_000).Select(i => (byte)(i * 7))];
    private static readonly byte[] Sha256OfBody = SHA256.HashData(Body);

#pragma warning disable CA1835 // This tests the old overload.
    private static readonly TestCaseData<Func<Stream, Task>>[] Readers =
    [
        new(body => body.CopyToAsync(Stream.Null)) { TestName = "CopyToAsync is hashed" },
        new(body => { body.CopyTo(Stream.Null); return Task.CompletedTask; }) { TestName = "CopyTo is hashed" },
        new(async body => { while (await body.ReadAsync(new byte[999].AsMemory(3)) > 0) ; }) { TestName = "ReadAsync(Memory) is hashed" },
        new(async body => { while (await body.ReadAsync(new byte[999], 5, 100, default) > 0) ; })
        {
            TestName = "ReadAsync(array) is hashed",
        },
        new(body => { while (body.Read(new byte[999], 5, 100) > 0) ; return Task.CompletedTask; }) { TestName = "Read(array) is hashed" },
        new(body => { while (body.Read(new byte[999].AsSpan(1)) > 0) ; return Task.CompletedTask; }) { TestName = "Read(Span) is hashed" },
        new(body => { while (body.ReadByte() >= 0) ; return Task.CompletedTask; }) { TestName = "ReadByte is hashed" },
        new(async body => { while (await Task.Factory.FromAsync(body.BeginRead, body.EndRead, new byte[9], 0, 9, null) > 0) ; })
        {
            TestName = "BeginRead is hashed",
        },
        new(body => { using (body) return Task.FromResult(body.ReadByte()); }) { TestName = "A partly read and closed body is drained" },
        new(body => Task.FromResult(body.Read([]))) { TestName = "An empty read is not the end" },
        new(_ => Task.CompletedTask) { TestName = "An unread body is drained" },
    ];
#pragma warning restore CA1835

    [TestCaseSource(nameof(Readers))]
    public async Task EveryWayOfReadingGivesTheSameFingerprint(Func<Stream, Task> read)
    {
        var inner = new BodyStream(Body, 100, 1, 3000);
        var request = Request(inner);
        using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, request, default);

        await read(request.Body);
        var made = await Finish(fingerprint);

        AssertBody(made, BodyForm.Bytes, Sha256OfBody);
        Assert.That(request.Body, Is.SameAs(inner));
        Assert.That(inner.IsClosed, Is.False);
        Assert.That(fingerprint.ReadFailed, Is.False);
    }

    [Test]
    public async Task AnAsynchronousReadStaysAsynchronous()
    {
        var inner = new BodyStream(Body);
        var request = Request(inner);
        using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, request, default);

        await Task.Factory.FromAsync(request.Body.BeginRead, request.Body.EndRead, new byte[9], 0, 9, null);
        await request.Body.CopyToAsync(Stream.Null);

        Assert.That(inner.SynchronousReads, Is.Zero);
    }

    [Test]
    public async Task ABodyThatBreaksOffWhileTheActionReadsItIsToldApart()
    {
        var request = Request(new BodyStream(Body) { Failure = new IOException("reset") });
        using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, request, default);

        Assert.That(async () => await request.Body.CopyToAsync(Stream.Null), Throws.TypeOf<IOException>());
        var made = await Finish(fingerprint);

        Assert.That(fingerprint.ReadFailed, Is.True);
        AssertUnknown(made);
    }

    [Test]
    public async Task ABodyThatWasReadOnAfterAFailureIsUnknown()
    {
        var inner = new BodyStream(Body) { Failure = new IOException("reset") };
        var request = Request(inner);
        using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, request, default);

        Assert.That(async () => await request.Body.CopyToAsync(Stream.Null), Throws.TypeOf<IOException>());
        inner.Failure = null;
        await request.Body.CopyToAsync(Stream.Null);

        AssertUnknown(await Finish(fingerprint));
    }

    [Test]
    public async Task ABodyThatBreaksOffInOurDrainIsOnlyUnknown()
    {
        var request = Request(new BodyStream(Body) { Failure = new IOException("reset") });
        using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, request, default);

        var made = await Finish(fingerprint);

        Assert.That(fingerprint.ReadFailed, Is.False);
        AssertUnknown(made);
    }

    [Test]
    public async Task ABodyThatNeverEndsIsGivenUpAfterTheTimeout()
    {
        var request = Request(new BodyStream(Body) { NeverEnds = true });
        using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, request, default);

        AssertUnknown(await fingerprint.FinishAsync(TimeSpan.FromMilliseconds(1), TimeProvider.System, default));
        Assert.That(fingerprint.ReadFailed, Is.False);
    }

    [Test]
    public async Task AReadThatItsReaderCancelsIsNoFailureOfTheBody()
    {
        using var cancelled = new CancellationTokenSource(1);
        var request = Request(new BodyStream(Body) { NeverEnds = true });
        using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, request, default);

        Assert.That(
            async () => await request.Body.CopyToAsync(Stream.Null, cancelled.Token), Throws.InstanceOf<OperationCanceledException>());

        Assert.That(fingerprint.ReadFailed, Is.False);
    }

    [Test]
    public async Task AReadOfThePipeThatItsReaderCancelsLeavesTheBodyKnown()
    {
        var pipe = new Pipe();
        var request = Request(new BodyStream([]));
        var feature = new Mock<IRequestBodyPipeFeature>();
        feature.Setup(f => f.Reader).Returns(pipe.Reader);
        request.HttpContext.Features.Set(feature.Object);
        using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, request, default);
        using var cancelled = new CancellationTokenSource();

        var reading = request.BodyReader.ReadAsync(cancelled.Token);
        await cancelled.CancelAsync();
        Assert.That(async () => await reading, Throws.InstanceOf<OperationCanceledException>());
        await pipe.Writer.WriteAsync(Body);
        await pipe.Writer.CompleteAsync();

        AssertBody(await Finish(fingerprint), BodyForm.Bytes, Sha256OfBody);
    }

    [Test]
    public async Task AReadThatIsLeftUnderWayCannotSpoilAnotherHash()
    {
        var gate = new TaskCompletionSource();
        var inner = new BodyStream(Body, 1000);
        var request = Request(inner);
        using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, request, default);
        var body = request.Body;
        inner.Gate = gate.Task;
        var left = body.ReadAsync(new byte[100]);

        AssertUnknown(await Finish(fingerprint));

        var other = Hashing.Plain.Rent();
        other.Append(Body.AsSpan(0, 10));
        gate.SetResult();
        await left;
        other.Append(Body.AsSpan(10));
        Assert.That(other.Complete().Matches(Sha256Digest.From(Sha256OfBody)), Is.True);
    }

    [Test]
    public async Task WhoWrappedTheBodyAfterUsKeepsItsWrapper()
    {
        var request = Request(new BodyStream(Body));
        using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, request, default);
        var theirs = request.Body = new BufferedStream(request.Body);

        AssertBody(await Finish(fingerprint), BodyForm.Bytes, Sha256OfBody);

        Assert.That(request.Body, Is.SameAs(theirs));
    }

    [Test]
    public async Task DetachGivesTheBodyBackAtAnyTime()
    {
        var inner = new BodyStream(Body);
        var request = Request(inner);
        var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, request, default);

        fingerprint.Detach();
        fingerprint.Detach();
        fingerprint.Dispose();

        Assert.That(request.Body, Is.SameAs(inner));
        AssertUnknown(await Finish(fingerprint));
    }

    [Test]
    public async Task NoBodyIsEmptyAndReplacesNothing()
    {
        var inner = new BodyStream(Body);
        var request = Request(inner);
        var detection = new Mock<IHttpRequestBodyDetectionFeature>();
        request.HttpContext.Features.Set(detection.Object);
        using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, request, default);

        Assert.That(request.Body, Is.SameAs(inner));
        AssertBody(await Finish(fingerprint), BodyForm.Empty, new byte[32]);
        AssertBody(await Retry.FingerprintAsync(request, BodyForm.Bytes, 0, default), BodyForm.Empty, new byte[32]);
    }

    [Test]
    public async Task ABodyThatSomebodyConsumedBeforeIsUnknownNotEmpty()
    {
        var request = Request(new BodyStream([]));
        request.ContentLength = 10;
        using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, request, default);

        AssertUnknown(await Finish(fingerprint));
    }

    [Test]
    public async Task ABodyThatCanBeReadTwiceIsHashedWholeAndStaysWhereItWas()
    {
        var inner = new MemoryStream(Body) { Position = 17 };
        var request = Request(inner);

        using var fingerprint = await RequestFingerprint.AttachAsync(Hashing.Plain, request, default);
        request.Body.Dispose();

        Assert.That(request.Body, Is.SameAs(inner));
        AssertBody(await Finish(fingerprint), BodyForm.Bytes, Sha256OfBody);

        request = Request(new MemoryStream(Body) { Position = 17 });
        AssertBody(await RequestFingerprint.BufferAsync(Hashing.Plain, request, BodyForm.Bytes, 10, default), BodyForm.Bytes, Sha256OfBody);
        Assert.That(request.Body.Position, Is.EqualTo(17));
    }

    [Test]
    public async Task ARetryHashesTheSame() => AssertBody(
        await Retry.FingerprintAsync(Request(new BodyStream(Body, 9)), BodyForm.Bytes, Body.Length, default),
        BodyForm.Bytes, Sha256OfBody);

    [Test]
    public async Task ARepeatCanReadTheBodyAfterUs()
    {
        var request = Request(new BodyStream(Body, 9));

        AssertBody(
            await RequestFingerprint.BufferAsync(Hashing.Plain, request, BodyForm.Bytes, Body.Length, default),
            BodyForm.Bytes, Sha256OfBody);

        var again = new MemoryStream();
        await request.Body.CopyToAsync(again);
        Assert.That(again.ToArray(), Is.EqualTo(Body));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void MoreThanTheLimitIsRefused(bool announced)
    {
        HttpRequest Large()
        {
            // A body that is announced as too large is refused unread.
            var request = Request(new BodyStream(announced ? [] : Body, 1000) { Failure = new IOException("reset") });
            request.ContentLength = announced ? Body.Length : null;
            return request;
        }

        Assert.That(
            async () => await Retry.FingerprintAsync(Large(), BodyForm.Bytes, Body.Length - 1, default),
            Throws.TypeOf<RequestBodyTooLargeException>());
        Assert.That(
            async () => await RequestFingerprint.BufferAsync(Hashing.Plain, Large(), BodyForm.Bytes, Body.Length - 1, default),
            Throws.TypeOf<RequestBodyTooLargeException>());
    }

    [Test]
    public async Task WithoutAFingerprintToCompareWithTheBodyIsNotRead()
    {
        var request = Request(new BodyStream(Body));

        AssertUnknown(await RequestFingerprint.BufferAsync(Hashing.Plain, request, BodyForm.Unknown, 10, default));
        AssertUnknown(await Retry.FingerprintAsync(request, BodyForm.Unknown, 10, default));

        AssertBody(await Retry.FingerprintAsync(request, BodyForm.Bytes, null, default), BodyForm.Bytes, Sha256OfBody);
    }

    [TestCase("PATCH", "", "/a/b", "?q=1", "text/plain", false)]
    [TestCase("POST", "", "/a/B", "?q=1", "text/plain", false)]
    [TestCase("POST", "", "/a/b", "?q=2", "text/plain", false)]
    [TestCase("POST", "", "/a/b?q=1", "", "text/plain", false)]
    [TestCase("POST", "", "/a/b", "?q=1", "text/html", false)]
    [TestCase("POST", "", "/a/b", "?q=1", null, false)]
    [TestCase("POST", "", "/a/b", "?q=1", "text/plain;v=1", false)]
    [TestCase("POST", "", "/a/b", "?q=1", "Text/Plain ; charset=utf-8", true)]
    [TestCase("POST", "/a", "/b", "?q=1", "text/plain", true)]
    public void TheTargetIsMethodPathQueryAndMediaType(
        string method, string pathBase, string path, string query, string? contentType, bool same)
    {
        var one = Request(Stream.Null, "text/plain");
        (one.Method, one.Path, one.QueryString) = ("POST", "/a/b", new("?q=1"));
        var other = Request(Stream.Null, contentType);
        (other.Method, other.PathBase, other.Path, other.QueryString) = (method, new(pathBase), new(path), new(query));

        Assert.That(Hashing.Plain.TargetOf(one).Matches(Hashing.Plain.TargetOf(other)), Is.EqualTo(same));
    }

    [Test]
    public void FingerprintsOfDifferentFormsMatchOnlyWhenTheyCanBeCompared()
    {
        static Fingerprint Of(BodyForm form, byte hash) => new() { Target = default, Form = form, Body = Sha256Digest.From([hash]) };

        Assert.That(Of(BodyForm.Bytes, 1).BodyMatches(Of(BodyForm.Bytes, 1)), Is.True);
        Assert.That(Of(BodyForm.Bytes, 1).BodyMatches(Of(BodyForm.Bytes, 2)), Is.False);
        Assert.That(Of(BodyForm.Bytes, 1).BodyMatches(Of(BodyForm.ParsedForm, 1)), Is.Null);
        Assert.That(Of(BodyForm.Multipart, 1).BodyMatches(Of(BodyForm.ParsedForm, 1)), Is.Null);
        Assert.That(Of(BodyForm.Unknown, 0).BodyMatches(Of(BodyForm.Unknown, 0)), Is.Null);
        Assert.That(Of(BodyForm.Unknown, 0).BodyMatches(Of(BodyForm.Empty, 0)), Is.Null);
        Assert.That(Of(BodyForm.Empty, 0).BodyMatches(Of(BodyForm.Unknown, 0)), Is.Null);
        Assert.That(Of(BodyForm.Empty, 0).BodyMatches(Of(BodyForm.ParsedForm, 0)), Is.Null);
        Assert.That(Of(BodyForm.Empty, 0).BodyMatches(Of(BodyForm.Empty, 0)), Is.True);
        Assert.That(Of(BodyForm.Empty, 0).BodyMatches(Of(BodyForm.Bytes, 1)), Is.False);
        Assert.That(Of(BodyForm.Multipart, 1).BodyMatches(Of(BodyForm.Empty, 0)), Is.False);

        // Both hash the bytes, but only one has a boundary.
        Assert.That(Of(BodyForm.Bytes, 1).BodyMatches(Of(BodyForm.Multipart, 1)), Is.False);
        Assert.That(Of(BodyForm.Multipart, 1).BodyMatches(Of(BodyForm.Bytes, 1)), Is.False);
    }

    private static HttpRequest Request(Stream body, string? contentType = "application/json")
    {
        var request = new DefaultHttpContext().Request;
        (request.Method, request.Body, request.ContentType) = ("POST", body, contentType);
        return request;
    }

    private static ValueTask<Fingerprint> Finish(RequestFingerprint fingerprint) =>
        fingerprint.FinishAsync(TimeSpan.FromMinutes(1), TimeProvider.System, default);

    private static void AssertBody(in Fingerprint fingerprint, BodyForm form, byte[] hash)
    {
        Assert.That(fingerprint.Form, Is.EqualTo(form));
        Assert.That(fingerprint.Body.Matches(Sha256Digest.From(hash)), Is.True);
    }

    private static void AssertUnknown(in Fingerprint fingerprint) => AssertBody(fingerprint, BodyForm.Unknown, new byte[32]);
}
