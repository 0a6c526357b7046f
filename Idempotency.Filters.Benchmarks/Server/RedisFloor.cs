using System.Collections.Concurrent;
using Idempotency.Filters.Keys;
using Idempotency.Filters.Primitives;
using StackExchange.Redis;

namespace Idempotency.Filters.Benchmarks.Server;

/// <summary>
/// The bare commands that a request over Redis cannot do without: as many round trips, keys and values of the same size, and no promise.
/// </summary>
internal sealed class RedisFloor(IConnectionMultiplexer redis, int bodySize)
{
    // What claim.lua packs, and what stands before a record.
    private const int ClaimSize = 58;
    private const int EnvelopeSize = 25;

    private static readonly TimeSpan Expiry = TimeSpan.FromSeconds(10);
    private static readonly byte[] Claim = new byte[ClaimSize];
    private static readonly ConcurrentDictionary<int, byte[]> Records = new();
    private static readonly int KeyLength = new Sha256KeyEncoder(HashKeys.None).Encode(
        BenchmarkApp.KeyPrefix, RequestScope.Anonymous, "key").Value.Length;

    private readonly IDatabase _database = redis.GetDatabase(-1, null);

    /// <summary>The first round trip of a first request.</summary>
    public Task ClaimAsync(string key) => _database.StringSetAsync(KeyOf(key), Claim, Expiry, When.NotExists, CommandFlags.None);

    /// <summary>The second.</summary>
    public Task CompleteAsync(string key) => _database.StringSetAsync(KeyOf(key), Record(), Expiry, When.Always, CommandFlags.None);

    /// <summary>The one round trip of a replay. What it finds was put there when it was asked for the first time.</summary>
    public async Task<byte[]> ReadAsync(string key) =>
        (byte[]?)await _database.StringGetAsync(KeyOf(key), CommandFlags.None) ?? await PutAsync(key);

    private async Task<byte[]> PutAsync(string key)
    {
        await _database.StringSetAsync(KeyOf(key), Record(), TimeSpan.FromDays(1), When.Always, CommandFlags.None);
        return Record();
    }

    private byte[] Record() => Records.GetOrAdd(bodySize, static size =>
    {
        using var written = SampleRecord.Of(new byte[size]).Write();
        return new byte[EnvelopeSize + written.Sequence.Length];
    });

    private static RedisKey KeyOf(string key) => key.PadLeft(KeyLength, 'k');
}
