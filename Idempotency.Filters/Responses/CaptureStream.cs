using Microsoft.AspNetCore.Http.Features;

namespace Idempotency.Filters.Responses;

/// <summary>A <see cref="ResponseCapture"/> as a stream: write-only, and synchronous only where the server allows it.</summary>
internal sealed class CaptureStream(ResponseCapture capture, IHttpBodyControlFeature? bodyControl) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
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

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

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
