using BenchmarkDotNet.Attributes;
using Idempotency.Filters.Internal;

namespace Idempotency.Filters.Benchmarks.Micro;

/// <summary>The part of the fingerprint that needs no body.</summary>
[MemoryDiagnoser]
public class TargetBenchmarks
{
    private readonly HttpRequest _request = new DefaultHttpContext().Request;

    [GlobalSetup]
    public void SetUp() => (_request.Method, _request.Path, _request.ContentType) = ("POST", "/payments", "application/json; charset=utf-8");

    [Benchmark]
    public bool HashTarget() => RequestTarget.HashOf(_request).Matches(default);
}
