using System.IO.Pipelines;
using Idempotency.Filters.Primitives;
using Microsoft.AspNetCore.Http.Features;

namespace Idempotency.Filters.Responses;

/// <summary>
/// Holds the response body in memory while the action writes it, until it is settled whether the response is kept. A body larger than the
/// cap, or a call of <see cref="DisableBuffering"/>, makes it <em>overflow</em>: that question is settled at once, the held bytes are sent,
/// and the rest streams through.
/// </summary>
internal sealed partial class ResponseCapture : PipeWriter, IHttpResponseBodyFeature
{
    private readonly HttpContext _http;
    private readonly IHttpResponseBodyFeature _inner;
    private readonly long _cap;
    private readonly ICaptureOwner _owner;
    private readonly long _writtenBefore;
    private readonly PooledBuffer _held = new();
    private CaptureStream? _stream;
    private long _unflushed;
    private bool _buffering = true;
    private bool _completed;
    private bool _detached;

    /// <summary>Puts the capture in place of the response body.</summary>
    /// <param name="http">The request.</param>
    /// <param name="cap">The most bytes to hold.</param>
    /// <param name="owner">Settles on overflow whether the response is kept.</param>
    public ResponseCapture(HttpContext http, long cap, ICaptureOwner owner)
    {
        _http = http;
        _inner = http.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        _cap = cap;
        _owner = owner;
        IsServersOwn = ResponseBodies.AreServersOwn(http);
        IsHeldOutside = ResponseBodies.IsHeldOutside(http);
        _writtenBefore = Written();
        http.Features.Set<IHttpResponseBodyFeature>(this);
    }

    /// <summary>Whether the body behind the capture is the server's own. See <see cref="ResponseBodies.AreServersOwn"/>.</summary>
    public bool IsServersOwn { get; }

    /// <summary>Whether middleware outside holds the body back too. See <see cref="ResponseBodies.IsHeldOutside"/>.</summary>
    public bool IsHeldOutside { get; }

    /// <summary>Whether what is held can be taken back. What a server has been given cannot.</summary>
    public bool CanBeEmptied => IsHeldOutside && !Streams;

    /// <summary>Whether the body is no longer held and goes to the client as it is written.</summary>
    public bool Streams { get; private set; }

    /// <summary>Whether somebody wrote to the body behind the capture, without starting the response.</summary>
    public bool WasBypassed => Written() != _writtenBefore;

    /// <summary>Whether the action did something that would have sent the headers if the body were not held.</summary>
    public bool Started { get; private set; }

    /// <summary>The exception with which the action completed the writer; null if none.</summary>
    public Exception? Failure { get; private set; }

    public PooledBuffer Held => _held;

    /// <summary>Whether more than the cap is held. A writer that is advanced but never flushed gives no chance to stream.</summary>
    public bool IsOverCap => _held.Length > _cap;

    public Stream Stream => _stream ??= new CaptureStream(this, _http.Features.Get<IHttpBodyControlFeature>());

    public PipeWriter Writer => this;

    /// <summary>The response's own stream, for a body that is no longer held.</summary>
    public Stream InnerStream
    {
        get
        {
            ThrowIfEnded();
            return _inner.Stream;
        }
    }

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => Streams ? _inner.Writer.UnflushedBytes : _unflushed;

    public void DisableBuffering()
    {
        _buffering = false;
        _owner.NoteStream();
    }

    // Must not start the real response: its headers are still open, and a failure can still become a clean 500.
    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDetached();
        Start();
        return _buffering && !Streams ? Task.CompletedTask : StartStreamingAsync(cancellationToken);
    }

    public async Task CompleteAsync()
    {
        ThrowIfDetached();
        Start();
        _completed = true;
        if (!_buffering && !Streams)
            await OverflowAsync();
        if (Streams)
            await _inner.CompleteAsync();
    }

    public override void Complete(Exception? exception = null)
    {
        _completed = true;
        Failure ??= exception;
        if (Streams && !_detached)
            _inner.Writer.Complete(exception);
    }

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        ThrowIfEnded();
        return Streams ? _inner.Writer.GetMemory(sizeHint) : _held.GetMemory(sizeHint);
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        ThrowIfEnded();
        if (Streams)
        {
            _inner.Writer.Advance(bytes);
            return;
        }

        _held.Advance(bytes);
        _unflushed += bytes;
    }

    public override void CancelPendingFlush()
    {
        if (Streams && !_detached)
            _inner.Writer.CancelPendingFlush();
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDetached();
        Start();
        if (Streams)
            return _inner.Writer.FlushAsync(cancellationToken);
        if (!Fits(0))
            return OverflowAndFlushAsync(cancellationToken);

        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<FlushResult>(cancellationToken);

        _unflushed = 0;
        return default;
    }

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        ThrowIfEnded();
        Start();
        if (Streams)
            return _inner.Writer.WriteAsync(source, cancellationToken);
        if (!Fits(source.Length))
            return OverflowAndWriteAsync(source, cancellationToken);

        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<FlushResult>(cancellationToken);

        lock (_held)
        {
            ThrowIfEnded();
            _held.Append(source.Span);
        }

        _unflushed = 0;
        return default;
    }

    public async Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default)
    {
        ThrowIfEnded();
        if (!Streams && !Fits(count ?? new FileInfo(path).Length - offset))
            await OverflowAsync();

        if (Streams)
            await _inner.SendFileAsync(path, offset, count, cancellationToken);
        else
            await SendFileFallback.SendFileAsync(Stream, path, offset, count, cancellationToken);
    }

    /// <summary>Takes back what is held.</summary>
    public void Empty()
    {
        ThrowIfEnded();
        _held.Release();
        _unflushed = 0;
    }

    /// <summary>
    /// Gives the response its own body back. Writes after the request ended throw from now on: they must not land in a reused buffer or,
    /// since servers reuse the objects behind the body, in the next response of the connection.
    /// </summary>
    public void Detach()
    {
        lock (_held)
            _detached = true;

        _http.Features.Set(_inner);
    }

    // Events must leave at once. The content type is final from the start on, so it is asked for once.
    private void Start()
    {
        if (Started)
            return;

        Started = true;
        if (ResponseBodies.IsEventStream(_http.Response.ContentType))
            DisableBuffering();
    }

    /// <summary>How far the body behind the capture is written, where it says so.</summary>
    private long Written() =>
        ResponseBodies.UnflushedBytes(_inner.Writer) + (_inner.Stream is { CanSeek: true } stream ? stream.Position : 0);

    private bool Fits(long more) => _buffering && _held.Length + more <= _cap;

    private void ThrowIfDetached() => ObjectDisposedException.ThrowIf(_detached, this);

    private void ThrowIfEnded()
    {
        ThrowIfDetached();
        if (_completed)
            throw new InvalidOperationException("The response is complete: write before calling Complete or CompleteAsync.");
    }
}
