using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace Idempotency.Filters.Requests;

/// <summary>
/// The pipe of a <see cref="HashingBodyStream"/>, for code that reads through <c>Request.BodyReader</c>. It hashes consumed bytes in the
/// server's own buffers.
/// </summary>
internal sealed class HashingPipeReader : PipeReader, IRequestBodyPipeFeature
{
    private readonly HttpRequest _request;
    private readonly HashingBodyStream _body;
    private readonly IRequestBodyPipeFeature _feature;
    private readonly PipeReader _inner;
    private ReadOnlySequence<byte> _shown;
    private bool _isLast;
    private bool _hasShown;

    private HashingPipeReader(HttpRequest request, HashingBodyStream body, IRequestBodyPipeFeature feature)
    {
        _request = request;
        _body = body;
        _feature = feature;
        _inner = feature.Reader;
    }

    // Code that replaces Request.Body must get a reader over its own stream.
    PipeReader IRequestBodyPipeFeature.Reader => ReferenceEquals(_request.Body, _body) ? this : _feature.Reader;

    /// <summary>Whether a read is under way or has not been advanced yet. Until then, nobody can read the pipe further.</summary>
    public bool IsBeingRead { get; private set; }

    /// <summary>
    /// Replaces the request's body with <paramref name="body"/>. A server without a pipe of its own builds one over the current stream, so
    /// it needs no pipe from us.
    /// </summary>
    /// <returns>The pipe; null if there is none.</returns>
    public static HashingPipeReader? Attach(HttpRequest request, HashingBodyStream body)
    {
        var features = request.HttpContext.Features;
        var reader = features.Get<IRequestBodyPipeFeature>() is { } feature && !IsOfAnother(feature, body.Inner)
            ? new HashingPipeReader(request, body, feature)
            : null;
        request.Body = body;
        if (reader is not null)
            features.Set<IRequestBodyPipeFeature>(reader);
        return reader;
    }

    public void Detach() => _request.HttpContext.Features.Set(_feature);

    /// <summary>Reads to the end through the pipe. Reading the stream would miss bytes that the pipe already holds.</summary>
    public async ValueTask DrainAsync(CancellationToken cancellationToken)
    {
        // Do not pass the token to the read: cancelling it leaves the server's reader in a state that the server logs as an error.
        using var cancellation = cancellationToken.UnsafeRegister(static reader => ((PipeReader)reader!).CancelPendingRead(), _inner);
        for (var goesOn = true; goesOn;)
        {
            var result = await ReadAsync(CancellationToken.None);
            AdvanceTo(result.Buffer.End);
            goesOn = !result.IsCompleted && !result.IsCanceled;
        }
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var read = _inner.ReadAsync(cancellationToken);
        return read.IsCompletedSuccessfully ? new(Show(read.Result)) : WaitAsync(read, cancellationToken);
    }

    public override bool TryRead(out ReadResult result)
    {
        try
        {
            if (!_inner.TryRead(out result))
                return false;
        }
        catch (Exception exception) when (_body.Note(exception, CancellationToken.None))
        {
            throw;
        }

        Show(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        // Hash before the server takes its buffers back.
        var left = _shown.Slice(consumed);
        foreach (var segment in _shown.Slice(0, consumed))
            _body.Observe(segment.Span, ended: false);
        _body.Observe([], ended: _isLast && left.IsEmpty);

        _shown = default;
        _hasShown = false;
        IsBeingRead = false;
        _inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => _inner.CancelPendingRead();

    // Do not complete the inner reader: the server does that, and we must still hash what the caller left unread.
    public override void Complete(Exception? exception = null) => TakeBack();

    /// <summary>Advances past a read whose reader is done but never advanced.</summary>
    public void TakeBack()
    {
        if (_hasShown)
            AdvanceTo(_shown.End);
    }

    // A sub-request of a batch inherits the features of the request that sends it, and has a body of its own.
    private static bool IsOfAnother(IRequestBodyPipeFeature feature, Stream body) =>
        feature is IHttpRequestFeature server && !ReferenceEquals(server.Body, body);

    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> read, CancellationToken cancellationToken)
    {
        IsBeingRead = true;
        try
        {
            return Show(await read);
        }
        catch (Exception exception) when (Ends(exception, cancellationToken))
        {
            throw;
        }
    }

    // Always false, for use as an exception filter. A read that threw has nothing to advance past.
    private bool Ends(Exception exception, CancellationToken cancellationToken)
    {
        IsBeingRead = false;
        return _body.Note(exception, cancellationToken);
    }

    private ReadResult Show(ReadResult result)
    {
        _shown = result.Buffer;
        _isLast = result.IsCompleted;
        _hasShown = true;
        IsBeingRead = true;
        return result;
    }
}
