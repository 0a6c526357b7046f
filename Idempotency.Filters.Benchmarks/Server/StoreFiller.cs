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
    public async Task<double> FillAsync(int count)
    {
        var added = count - _filled;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using var record = SampleRecord.Of(CreatePayment.Json(512)).Write();
        for (; _filled < count; _filled++)
        {
            await using var claim = await ClaimAsync($"record-{_filled}");
            await claim.CompleteAsync(record.Sequence, TimeSpan.FromHours(24), CancellationToken.None);
        }

        return (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)Math.Max(1, added);
    }

    /// <summary>Holds claims on keys of this name, numbered as the load generator does, until there are this many of them.</summary>
    public async Task<int> HoldAsync(string name, int count)
    {
        for (var held = _held.GetValueOrDefault(name); held < count; held++)
            _claims.Add(await ClaimAsync(RequestTemplate.RecurringKey(name, held)));
        return _held[name] = count;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var claim in _claims)
            await claim.DisposeAsync();
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
