using System.Diagnostics;
using Idempotency.Filters.Stores;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Benchmarks.Server;

/// <summary>
/// One key at a time, which one process holds and another waits for. Its moments are those of the machine's <see cref="Stopwatch"/>.
/// </summary>
internal sealed class HeldKey(IServiceProvider services) : IAsyncDisposable
{
    private static readonly ClaimOptions Terms = new() { Lease = TimeSpan.FromSeconds(30) };

    private readonly IIdempotencyStore _store = services.GetRequiredService<IIdempotencyStore>();
    private IdempotencyClaim? _claim;

    public async Task<ClaimOutcome> ClaimAsync(string key)
    {
        var result = await _store.ClaimAsync(new(key, 0), Terms, CancellationToken.None);
        _claim = result.Claim ?? throw new InvalidOperationException($"The key {key} is {result.Outcome}.");
        return result.Outcome;
    }

    /// <returns>When the call began.</returns>
    public async Task<long> CompleteAsync(string key)
    {
        using var record = SampleRecord.Of(CreatePayment.Json(512)).Write();
        var began = Stopwatch.GetTimestamp();
        using var completion = await _claim!.CompleteAsync(record.Sequence, TimeSpan.FromMinutes(1), CancellationToken.None);
        await _claim.DisposeAsync();
        return completion.Outcome is CompletionOutcome.Stored
            ? began
            : throw new InvalidOperationException($"The completion of {key} is {completion.Outcome}.");
    }

    /// <returns>When the answer was there.</returns>
    public async Task<long> WaitAsync(string key)
    {
        using var result = await _store.WaitAsync(new(key, 0), Terms, Terms.Lease, CancellationToken.None);
        var ended = Stopwatch.GetTimestamp();
        return result.Outcome is ClaimOutcome.Completed
            ? ended
            : throw new InvalidOperationException($"The key {key} is {result.Outcome}.");
    }

    public ValueTask DisposeAsync() => _claim?.DisposeAsync() ?? ValueTask.CompletedTask;
}
