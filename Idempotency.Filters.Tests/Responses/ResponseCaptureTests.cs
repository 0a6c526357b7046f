using Idempotency.Filters.Responses;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Idempotency.Filters.Tests.Responses;

[NonParallelizable]
internal sealed class ResponseCaptureTests : ICaptureOwner
{
    private const int Cap = 100;

    private readonly MemoryStream _sent = new();
    private readonly DefaultHttpContext _http = new();
    private IHttpResponseBodyFeature _inner = null!;
    private ResponseCapture _capture = null!;
    private List<long> _settledAt = null!;
    private Exception? _settleFails;

    [SetUp]
    public void Start()
    {
        _sent.SetLength(0);
        _settledAt = [];
        _settleFails = null;
        _inner = new StreamResponseBodyFeature(_sent);
        _http.Features.Set(_inner);
        _capture = new ResponseCapture(_http, Cap, this);
    }

    Task ICaptureOwner.SettleEarlyAsync()
    {
        _settledAt.Add(_sent.Length);
        return _settleFails is null ? Task.CompletedTask : Task.FromException(_settleFails);
    }

    void ICaptureOwner.NoteStream()
    {
    }

    [TearDown]
    public void Release() => _capture.Held.Release();

    [Test]
    public async Task NothingIsSentAndNothingSettledUpToTheCap()
    {
        await _http.Response.Body.WriteAsync(new byte[Cap]);
        await _http.Response.Body.FlushAsync();
        await _http.Response.StartAsync();

        Assert.That((_sent.Length, _settledAt.Count, _capture.Streams), Is.EqualTo((0L, 0, false)));
        Assert.That(_capture.Held.Length, Is.EqualTo(Cap));
    }

    [Test]
    public async Task FateIsSettledOnceAndBeforeTheFirstByte()
    {
        await _http.Response.Body.WriteAsync(new byte[Cap]);
        for (var i = 0; i < 5; i++)
            await _http.Response.Body.WriteAsync(new byte[] { 1 });
        await _http.Response.BodyWriter.WriteAsync(new byte[Cap]);

        Assert.That(_settledAt, Is.EqualTo([0L]));
        Assert.That((_sent.Length, _capture.Held.Length), Is.EqualTo(((2L * Cap) + 5, 0L)));
    }

    [Test]
    public async Task HeldBuffersGoBackToThePoolWhenTheBodyStreams()
    {
        await _http.Response.Body.WriteAsync(new byte[Cap]);
        using var pool = new PoolWatch();
        var arrays = PoolWatch.ArraysOf(_capture.Held.Sequence);
        await _http.Response.Body.WriteAsync(new byte[1]);
        _capture.Held.Release();

        Assert.That(pool.SawEachOnce(arrays));
    }

    [Test]
    public async Task FateThatCannotBeSettledSendsNothing()
    {
        _settleFails = new TimeoutException();
        await _http.Response.Body.WriteAsync(new byte[Cap]);

        Assert.ThrowsAsync<TimeoutException>(() => _http.Response.Body.WriteAsync(new byte[1]).AsTask());
        Assert.That((_sent.Length, _capture.Streams, _capture.Held.Length), Is.EqualTo((0L, false, (long)Cap)));
    }

    [Test]
    public async Task UnflushedBytesAreThoseSinceTheLastFlushOrWrite()
    {
        var counts = new List<long> { Advance(3) };
        await _capture.FlushAsync();
        counts.Add(_capture.UnflushedBytes);
        counts.Add(Advance(4));
        await _capture.WriteAsync(new byte[5]);
        counts.Add(_capture.UnflushedBytes);

        Assert.That(counts, Is.EqualTo([3L, 0L, 4L, 0L]));
    }

    [Test]
    public void WritingAfterTheCompletionIsRefused()
    {
        _capture.Complete();

        Assert.ThrowsAsync<InvalidOperationException>(() => _http.Response.Body.WriteAsync(new byte[1]).AsTask());
        Assert.That(() => _capture.GetMemory(), Throws.InvalidOperationException);
    }

    [Test]
    public void WriteWithACancelledTokenIsCancelledAndHoldsNothing()
    {
        var cancelled = new CancellationToken(canceled: true);

        Assert.CatchAsync<OperationCanceledException>(() => _http.Response.Body.WriteAsync(new byte[1], cancelled).AsTask());
        Assert.That(_capture.Held.Length, Is.Zero);
    }

    [Test]
    public void CapturedStreamOnlyWrites()
    {
        var stream = _http.Response.Body;

        Assert.That((stream.CanRead, stream.CanSeek, stream.CanWrite), Is.EqualTo((false, false, true)));
        Assert.That(() => stream.Read(new byte[1], 0, 1), Throws.InstanceOf<NotSupportedException>());
        Assert.That(() => stream.Length, Throws.InstanceOf<NotSupportedException>());
    }

    [Test]
    public async Task DetachedCaptureGivesTheResponseItsOwnBodyBack()
    {
        await _http.Response.Body.WriteAsync("held"u8.ToArray());
        _capture.Detach();
        await _http.Response.Body.WriteAsync("own"u8.ToArray());
        await _capture.SendHeldAsync();

        Assert.That(_http.Features.Get<IHttpResponseBodyFeature>(), Is.SameAs(_inner));
        Assert.That(_sent.ToArray(), Is.EqualTo("ownheld"u8.ToArray()));
    }

    private long Advance(int bytes)
    {
        _capture.GetMemory(bytes);
        _capture.Advance(bytes);
        return _capture.UnflushedBytes;
    }
}
