using Microsoft.AspNetCore.Http.Features;

namespace Idempotency.Filters.Responses;

/// <summary>A <see cref="ResponseCapture"/> as a stream: write-only, and synchronous only where the server allows it.</summary>
internal sealed class CaptureStream(ResponseCapture capture, IHttpBodyControlFeature? bodyControl) : Stream
{
    private bool _isRewound;

    public override bool CanRead => false;

    /// <summary>
    /// Whether <see cref="SetLength"/> can empty the body. <c>Response.Clear()</c> does that before an error filter writes another answer.
    /// </summary>
    public override bool CanSeek => capture.CanBeEmptied;

    public override bool CanWrite => true;

    public override long Length => CanSeek ? capture.Held.Length : throw new NotSupportedException();

    public override long Position
    {
        get => _isRewound ? 0 : Length;
        set => Seek(value, SeekOrigin.Begin);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_isRewound)
            throw new NotSupportedException("A held response cannot be overwritten: empty it first, with SetLength(0).");
        if (capture.Streams)
            return capture.InnerStream.WriteAsync(buffer, cancellationToken);

        var written = capture.WriteAsync(buffer, cancellationToken);
        return written.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(written.AsTask());
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken)
    {
        var flushed = capture.FlushAsync(cancellationToken);
        return flushed.IsCompletedSuccessfully ? Task.CompletedTask : flushed.AsTask();
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        ThrowIfAsynchronousOnly();
        WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();
    }

    public override void Flush()
    {
        ThrowIfAsynchronousOnly();
        FlushAsync(CancellationToken.None).GetAwaiter().GetResult();
    }

    // The base class would write synchronously, which servers refuse by default.
    public override IAsyncResult BeginWrite(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(WriteAsync(buffer, offset, count, CancellationToken.None), callback, state);

    public override void EndWrite(IAsyncResult asyncResult) => TaskToAsyncResult.End(asyncResult);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin)
    {
        var target = origin is SeekOrigin.Begin ? offset : Length + offset;
        if (target != 0 && target != Length)
            throw new NotSupportedException("A held response has no positions but its start and its end.");

        _isRewound = target != Length;
        return target;
    }

    public override void SetLength(long value)
    {
        if (value != 0 || !CanSeek)
            throw new NotSupportedException("A held response cannot be shortened, except to nothing behind middleware that buffers.");

        capture.Empty();
        _isRewound = false;
    }

    // A write to a held body never blocks. Still refused: an action must not work or fail by the size of its response.
    private void ThrowIfAsynchronousOnly()
    {
        if (bodyControl is { AllowSynchronousIO: false })
        {
            throw new InvalidOperationException(
                "The server disallows synchronous operations on the response: call WriteAsync or FlushAsync, or set AllowSynchronousIO.");
        }
    }
}
