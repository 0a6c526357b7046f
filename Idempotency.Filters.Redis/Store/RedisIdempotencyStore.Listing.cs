using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Idempotency.Filters.Redis.Scripts;
using Idempotency.Filters.Stores;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Store;

internal sealed partial class RedisIdempotencyStore
{
    private const string AllStates = "FRI";
    private const int WholeRecord = -1;

    // How many keys are looked at side by side. A page of a SCAN would be too many at once for a server that serves requests.
    private const int LookedAtAtOnce = 100;

    private const int AgeAt = 1 + RedisRecord.IdentitySize;
    private const int RestAt = AgeAt + sizeof(long);
    private const int BytesAt = RestAt + sizeof(long);

    // Nothing is kept as long as this on purpose: it is what is left of a century, which stands for "for ever".
    private static readonly TimeSpan ForEver = TimeSpan.FromDays(18_262);

    public bool CanList => true;

    /// <remarks>
    /// Goes through all keys of the database as <see cref="ForgetAsync"/> does, and looks at each below the prefix. The next page is read
    /// only when the caller asks for it. The handle of a key is the key.
    /// </remarks>
    public async IAsyncEnumerable<StoredEntry> ListAsync(
        ListOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        RedisValue[] arguments = [string.Concat(options.States.Select(Letter)), options.RecordLength ?? WholeRecord];
        var page = new List<RedisKey>(LookedAtAtOnce);
        await foreach (var key in ScanAsync(options.Prefix, cancellationToken))
        {
            page.Add(key);
            if (page.Count < LookedAtAtOnce)
                continue;

            foreach (var entry in await LookAsync(page, arguments, cancellationToken))
                yield return entry;
            page.Clear();
        }

        foreach (var entry in await LookAsync(page, arguments, cancellationToken))
            yield return entry;
    }

    public async ValueTask<StoredEntry?> FindListedAsync(string handle, CancellationToken cancellationToken) =>
        await LookAsync(handle, [AllStates, WholeRecord], cancellationToken);

    public ValueTask<bool> ResolveListedAsync(
        StoredEntry found, ReadOnlySequence<byte>? record, TimeSpan? retention, CancellationToken cancellationToken) =>
        ResolveAsync(new StorageKey(found.Handle, 0), found.Content, record, retention, cancellationToken);

    private async Task<IEnumerable<StoredEntry>> LookAsync(
        List<RedisKey> keys, RedisValue[] arguments, CancellationToken cancellationToken)
    {
        var entries = await Task.WhenAll(keys.Select(key => LookAsync(key, arguments, cancellationToken)));
        return entries.OfType<StoredEntry>();
    }

    private async Task<StoredEntry?> LookAsync(RedisKey key, RedisValue[] arguments, CancellationToken cancellationToken)
    {
        var reply = (byte[]?)(await Calls.EvaluateAsync(RedisScript.List, [key], arguments, cancellationToken)).Result;
        if (reply is null)
            return null;

        var name = (string)key!;
        return new(name, new(State(reply[0]), reply.AsMemory(BytesAt), Version(reply)))
        {
            StorageKey = name,
            Age = Span(reply, AgeAt),
            ExpiresIn = Span(reply, RestAt) is { } rest && rest < ForEver ? rest : null,
        };
    }

    private static TimeSpan? Span(byte[] reply, int start) =>
        BinaryPrimitives.ReadInt64LittleEndian(reply.AsSpan(start)) is >= 0 and var span ? TimeSpan.FromMilliseconds(span) : null;

    private static char Letter(ClaimOutcome state) => state switch
    {
        ClaimOutcome.InFlight => 'F',
        ClaimOutcome.Completed => 'R',
        _ => 'I',
    };
}
