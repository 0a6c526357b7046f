using System.IO.Pipelines;

namespace Idempotency.Filters.Responses;

/// <summary>How held bytes leave: all at the end, or once there are too many to hold.</summary>
internal sealed partial class ResponseCapture
{
    /// <summary>Settles whether the response is kept, if that is still open, and streams from now on.</summary>
    public async Task OverflowAsync()
    {
        await _owner.SettleEarlyAsync();
        Streams = true;
        if (!_buffering)
            _inner.DisableBuffering();
        await SendHeldAsync();
        _held.Release();
    }

    /// <summary>Sends the held bytes to the client.</summary>
    public async Task SendHeldAsync()
    {
        foreach (var segment in _held.Sequence)
        {
            if (!segment.IsEmpty)
                await _inner.Writer.WriteAsync(segment);
        }
    }

    /// <summary>Passes on that the action started or completed a response that was held.</summary>
    /// <param name="mayStart">Whether to pass on a start without a body.</param>
    public Task PassStartAsync(bool mayStart)
    {
        if (Streams)
            return Task.CompletedTask;
        if (_completed)
            return _inner.CompleteAsync();
        return mayStart && Started && _held.Length == 0 ? _inner.StartAsync() : Task.CompletedTask;
    }

    private async Task StartStreamingAsync(CancellationToken cancellationToken)
    {
        if (!Streams)
            await OverflowAsync();
        await _inner.StartAsync(cancellationToken);
    }

    private async ValueTask<FlushResult> OverflowAndFlushAsync(CancellationToken cancellationToken)
    {
        await OverflowAsync();
        return await _inner.Writer.FlushAsync(cancellationToken);
    }

    private async ValueTask<FlushResult> OverflowAndWriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
    {
        await OverflowAsync();
        return await _inner.Writer.WriteAsync(source, cancellationToken);
    }
}
