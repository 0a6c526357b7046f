using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace Idempotency.Filters.Requests;

/// <summary>
/// The other face of a <see cref="HashingBodyStream"/>, for who reads through <c>Request.BodyReader</c>: hashes what was consumed, in the
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

    // Who puts another stream in place of the body gets a reader over that one.
    PipeReader IRequestBodyPipeFeature.Reader => ReferenceEquals(_request.Body, _body) ? this : _feature.Reader;

    /// <summary>Whether a read is under way, or its bytes are still out: the pipe cannot be read on before they come back.</summary>
    public bool IsBeingRead { get; private set; }

    /// <summary>
    /// Puts <paramref name="body"/> in place of the request's body. Servers without a pipe of their own make one over whatever stream there
    /// is, and need no second face.
    /// </summary>
    /// <returns>The second face; null where there is none.</returns>
    public static HashingPipeReader? Attach(HttpRequest request, HashingBodyStream body)
    {
        var features = request.HttpContext.Features;
        var reader = features.Get<IRequestBodyPipeFeature>() is { } feature ? new HashingPipeReader(request, body, feature) : null;
        request.Body = body;
        if (reader is not null)
            features.Set<IRequestBodyPipeFeature>(reader);
        return reader;
    }

    public void Detach() => _request.HttpContext.Features.Set(_feature);

    /// <summary>Reads to the end, through the pipe: what it holds already would be missed by who reads the stream.</summary>
    public async ValueTask DrainAsync(CancellationToken cancellationToken)
    {
        // A read that is cancelled by its token leaves the server's reader in a state which the server logs as an error.
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
        // Before the server takes its buffers back.
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

    // The server completes its own reader. What its caller left is still to be hashed.
    public override void Complete(Exception? exception = null) => TakeBack();

    /// <summary>Takes the bytes of a read back from a reader that is done and never gave them back.</summary>
    public void TakeBack()
    {
        if (_hasShown)
            AdvanceTo(_shown.End);
    }

    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> read, CancellationToken cancellationToken)
    {
        IsBeingRead = true;
        try
        {
            return Show(await read);
        }
        catch (Exception exception) when (_body.Note(exception, cancellationToken))
        {
            throw;
        }
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
