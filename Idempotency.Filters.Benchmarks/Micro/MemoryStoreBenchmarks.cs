using System.Buffers;
using BenchmarkDotNet.Attributes;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Memory;
using Microsoft.Extensions.Logging.Abstractions;

namespace Idempotency.Filters.Benchmarks.Micro;

[MemoryDiagnoser]
public class MemoryStoreBenchmarks
{
    private static readonly StorageKey Completed = new("completed", 0);
    private static readonly StorageKey InFlight = new("in-flight", 0);
    private static readonly StorageKey Released = new("released", 0);
    private static readonly StorageKey Stored = new("stored", 0);
    private static readonly ClaimOptions Terms = new() { Lease = TimeSpan.FromSeconds(30) };

    private readonly MemoryIdempotencyStore _store = new(new(), TimeProvider.System, NullLogger<MemoryIdempotencyStore>.Instance);
    private readonly ReadOnlySequence<byte> _record = new(new byte[700]);

    [GlobalSetup]
    public async Task SetUp()
    {
        await (await _store.ClaimAsync(Completed, Terms, default)).Claim!.CompleteAsync(_record, null, default);
        await _store.ClaimAsync(InFlight, Terms, default);
    }

    [Benchmark]
    public async Task<object> ClaimAndRelease()
    {
        var claim = (await _store.ClaimAsync(Released, Terms, default)).Claim!;
        await claim.DisposeAsync();
        return claim;
    }

    /// <summary>The record is gone with the next claim: the store stays as large as it is.</summary>
    [Benchmark]
    public async Task<Completion> ClaimAndComplete() =>
        await (await _store.ClaimAsync(Stored, Terms, default)).Claim!.CompleteAsync(_record, TimeSpan.FromTicks(1), default);

    [Benchmark]
    public async Task<ClaimOutcome> ClaimCompleted() => (await _store.ClaimAsync(Completed, Terms, default)).Outcome;

    [Benchmark]
    public async Task<ClaimOutcome> ClaimInFlight() => (await _store.ClaimAsync(InFlight, Terms, default)).Outcome;
}
