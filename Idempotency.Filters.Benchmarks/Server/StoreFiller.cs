using System.Buffers;
using Idempotency.Filters.Benchmarks.Load;
using Idempotency.Filters.Keys;
using Idempotency.Filters.Records;
using Idempotency.Filters.Requests;
using Idempotency.Filters.Stores;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Benchmarks.Server;

/// <summary>Puts records and claims into the store of an application, by the thousand.</summary>
internal sealed class StoreFiller(IServiceProvider services) : IAsyncDisposable
{
    // Enough to keep a store busy that is a network away; one in memory is asked by each in turn.
    private const int AtOnce = 16;

    private static readonly ClaimOptions Terms = new() { Lease = TimeSpan.FromSeconds(30) };

    private readonly IIdempotencyStore _store = services.GetRequiredService<IIdempotencyStore>();
    private readonly IIdempotencyKeyEncoder _encoder = services.GetRequiredService<IIdempotencyKeyEncoder>();
    private readonly List<IdempotencyClaim> _claims = [];
    private readonly Dictionary<string, int> _held = [];
    private int _filled;

    /// <summary>Records of a 0.5 KB answer, until there are this many.</summary>
    /// <returns>What one of those that were added takes of the process' memory, in bytes.</returns>
    public Task<double> FillAsync(int count)
    {
        var (from, record) = (_filled, SampleRecord.Of(CreatePayment.Json(512)));
        _filled = count;
        return AddAsync(from, count, number => CompleteAsync($"record-{number}", record));
    }

    /// <summary>So many records of an answer of so many bytes, under numbered keys of this name, several at once.</summary>
    /// <returns>The length of one, in bytes.</returns>
    public async Task<long> PutAsync(string name, int count, int size)
    {
        var record = SampleRecord.Of(new byte[size]);
        await EachAsync(count, number => CompleteAsync($"{name}-{number}", record));
        using var written = record.Write();
        return written.Sequence.Length;
    }

    /// <summary>Asks for each of these records once, several at once.</summary>
    /// <returns>How many there are.</returns>
    public async Task<int> ReplayAsync(string name, int count)
    {
        await EachAsync(count, async number =>
        {
            using var result = await AskAsync($"{name}-{number}");
            if (result.Outcome is not ClaimOutcome.Completed)
                throw new InvalidOperationException($"The record {number} is {result.Outcome}.");
        });
        return count;
    }

    /// <summary>Claims on keys of this name, numbered as the load generator does, until there are this many: held to the end.</summary>
    /// <returns>As <see cref="FillAsync"/>.</returns>
    public Task<double> HoldAsync(string name, int count)
    {
        var from = _held.GetValueOrDefault(name);
        _held[name] = count;
        return AddAsync(from, count, async number => _claims.Add(await ClaimAsync(RequestTemplate.NumberedKey(name, number))));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var claim in _claims)
            await claim.DisposeAsync();
    }

    private static async Task<double> AddAsync(int from, int to, Func<int, Task> add)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var number = from; number < to; number++)
            await add(number);
        return (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)Math.Max(1, to - from);
    }

    private static Task EachAsync(int count, Func<int, Task> act) => Parallel.ForAsync(
        0, count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (number, _) => await act(number));

    private async Task CompleteAsync(string key, ResponseRecord record)
    {
        using var written = record.Write();
        await using var claim = await ClaimAsync(key);
        using var completion = await claim.CompleteAsync(written.Sequence, TimeSpan.FromHours(24), CancellationToken.None);
    }

    private async Task<IdempotencyClaim> ClaimAsync(string key)
    {
        var result = await AskAsync(key);
        return result.Claim ?? throw new InvalidOperationException($"The key {key} is {result.Outcome}.");
    }

    // Under the storage key that the engine makes for an anonymous caller.
    private ValueTask<ClaimResult> AskAsync(string key)
    {
        var storageKey = _encoder.Encode(BenchmarkApp.KeyPrefix, RequestScope.Anonymous, key);
        return _store.ClaimAsync(storageKey, Terms, CancellationToken.None);
    }
}

/// <summary>A record such as the measured action leaves.</summary>
internal static class SampleRecord
{
    public static ResponseRecord Of(byte[] body) => new()
    {
        Flags = RecordFlags.None,
        StatusCode = StatusCodes.Status201Created,
        Created = DateTimeOffset.UnixEpoch,
        Fingerprint = new Fingerprint { Target = default, Form = BodyForm.Bytes, Body = default },
        Headers = [new("Content-Type", "application/json; charset=utf-8"), new("Location", "/payments/1")],
        Body = new ReadOnlySequence<byte>(body),
    };
}
