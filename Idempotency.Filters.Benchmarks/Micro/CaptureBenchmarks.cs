using BenchmarkDotNet.Attributes;
using Idempotency.Filters.Responses;

namespace Idempotency.Filters.Benchmarks.Micro;

/// <summary>A response that is held, as a formatter writes it, and given up.</summary>
[MemoryDiagnoser]
public class CaptureBenchmarks : ICaptureOwner
{
    private const int Piece = 4096;

    private readonly DefaultHttpContext _http = new();
    private readonly byte[] _bytes = new byte[Piece];

    [Params(512, 20_000, 1_000_000)]
    public int Body { get; set; }

    [Benchmark]
    public async Task<long> Hold()
    {
        var capture = new ResponseCapture(_http, 1 << 20, this);
        for (var left = Body; left > 0; left -= Piece)
            await capture.WriteAsync(_bytes.AsMemory(0, Math.Min(Piece, left)));
        var length = capture.Held.Sequence.Length;
        capture.Detach();
        capture.Held.Release();
        return length;
    }

    Task ICaptureOwner.SettleEarlyAsync() => Task.CompletedTask;

    void ICaptureOwner.NoteStream()
    {
    }
}
