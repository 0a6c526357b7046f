using BenchmarkDotNet.Attributes;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Requests;

namespace Idempotency.Filters.Benchmarks.Micro;

/// <summary>The part of the fingerprint that needs no body.</summary>
[MemoryDiagnoser]
public class TargetBenchmarks
{
    // More than are remembered.
    private readonly PathString[] _paths = [.. Enumerable.Range(0, 100_000).Select(number => new PathString($"/payments/{number}"))];
    private readonly RequestHasher _hasher = new(new RequestHashing(HashKeys.None), []);
    private readonly HttpRequest _request = new DefaultHttpContext().Request;
    private int _next;

    [GlobalSetup]
    public void SetUp() =>
        (_request.Method, _request.Path, _request.ContentType) = ("POST", "/payments", "application/json; charset=utf-8");

    [Benchmark]
    public bool HashSameTarget() => _hasher.TargetOf(_request).Matches(default);

    [Benchmark]
    public bool HashFreshTarget()
    {
        _request.Path = _paths[_next++ % _paths.Length];
        return _hasher.TargetOf(_request).Matches(default);
    }
}
