using System.Buffers;
using BenchmarkDotNet.Attributes;
using Idempotency.Filters.Benchmarks.Server;
using Idempotency.Filters.Records;

namespace Idempotency.Filters.Benchmarks.Micro;

[MemoryDiagnoser]
public class RecordBenchmarks
{
    private ResponseRecord _record;
    private byte[] _bytes = [];

    [Params(512, 20_000, 1_000_000)]
    public int Body { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _record = SampleRecord.Of(new byte[Body]);
        using var written = _record.Write();
        _bytes = written.Sequence.ToArray();
    }

    [Benchmark]
    public long Write()
    {
        using var written = _record.Write();
        return written.Sequence.Length;
    }

    [Benchmark]
    public bool Read() => ResponseRecord.TryRead(new ReadOnlySequence<byte>(_bytes), out _, out _);
}
