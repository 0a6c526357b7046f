using BenchmarkDotNet.Attributes;
using Idempotency.Filters.Keys;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Benchmarks.Micro;

[MemoryDiagnoser]
public class KeyBenchmarks
{
    private const string Uuid = "5f0a8f1c-7a57-4f4e-9b1e-000000000001";

    private readonly Sha256KeyEncoder _encoder = new(HashKeys.None);

    [Benchmark]
    public object? ReadBare() => IdempotencyKey.Read(Uuid, KeyFormat.Any, 255).Key;

    [Benchmark]
    public object? ReadQuoted() => IdempotencyKey.Read($"\"{Uuid}\"", KeyFormat.StructuredString, 255).Key;

    [Benchmark]
    public StorageKey Encode() => _encoder.Encode("idempotency:", "anonymous", Uuid);
}
