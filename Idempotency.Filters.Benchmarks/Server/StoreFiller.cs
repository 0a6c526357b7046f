using System.Buffers;
using Idempotency.Filters.Benchmarks.Load;
using Idempotency.Filters.Internal;
using Idempotency.Filters.Stores;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Benchmarks.Server;

/// <summary>Puts records and claims into the store of an application, by the thousand.</summary>
internal sealed class StoreFiller(IServiceProvider services) : IAsyncDisposable
{
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
        return AddAsync(from, count, async number =>
        {
            using var written = record.Write();
            await using var claim = await ClaimAsync($"record-{number}");
            await claim.CompleteAsync(written.Sequence, TimeSpan.FromHours(24), CancellationToken.None);
        });
    }

    /// <summary>Claims on keys of this name, numbered as the load generator does, until there are this many: held to the end.</summary>
    /// <returns>As <see cref="FillAsync"/>.</returns>
    public Task<double> HoldAsync(string name, int count)
    {
        var from = _held.GetValueOrDefault(name);
        _held[name] = count;
        return AddAsync(from, count, async number => _claims.Add(await ClaimAsync(RequestTemplate.RecurringKey(name, number))));
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

    // Under the storage key that the engine makes for an anonymous caller.
    private async Task<IdempotencyClaim> ClaimAsync(string key)
    {
        var options = new IdempotencyOptions();
        var storageKey = _encoder.Encode(options.KeyPrefix, RequestScope.Of(new DefaultHttpContext(), options), key);
        var result = await _store.ClaimAsync(storageKey, Terms, CancellationToken.None);
        return result.Claim ?? throw new InvalidOperationException($"The key {key} is {result.Outcome}.");
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
