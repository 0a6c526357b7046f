using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Requests;

namespace Idempotency.Filters.Benchmarks.Micro;

/// <summary>The hash of a body that a server hands out piece by piece, beside SHA-256 of the same bytes at once.</summary>
[MemoryDiagnoser]
public class FingerprintBenchmarks
{
    private const int Piece = 4096;

    private readonly RequestHashing _hashing = new(HashKeys.None);
    private readonly byte[] _hash = new byte[SHA256.HashSizeInBytes];
    private byte[] _body = [];

    [Params(1024, 64 * 1024, 1024 * 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void SetUp() => _body = new byte[Size];

    [Benchmark(Baseline = true)]
    public int Sha256() => SHA256.HashData(_body, _hash);

    [Benchmark]
    public bool Body()
    {
        var hasher = _hashing.Rent("application/json");
        for (var at = 0; at < _body.Length; at += Piece)
            hasher.Append(_body.AsSpan(at, Math.Min(Piece, _body.Length - at)));
        return hasher.Complete().Matches(default);
    }

    [Benchmark]
    public bool Multipart()
    {
        var hasher = _hashing.Rent("multipart/form-data; boundary=--------------------------1234567890");
        for (var at = 0; at < _body.Length; at += Piece)
            hasher.Append(_body.AsSpan(at, Math.Min(Piece, _body.Length - at)));
        return hasher.Complete().Matches(default);
    }
}
