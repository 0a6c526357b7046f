using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Keys;

/// <summary>
/// Makes <c>{prefix}{scope}:{key}</c>, where the two parts are 128 bits of <c>SHA-256(scope)</c> and of <c>SHA-256(scope, key)</c> in
/// base64url, 22 characters each; with a <c>HashSecret</c>, of HMAC-SHA-256. So a storage key has a fixed length, and no choice of
/// characters in a scope or a key makes two pairs alike.
/// </summary>
/// <remarks>
/// <para>
/// Why 128 bits a part are enough. Two pairs meet only if both parts are equal, and both parts hash the scope: pairs of different scopes
/// would have to agree in 256 bits. Within one scope, 128 bits count. By the birthday bound, a thousand million keys that are open in one
/// scope at once meet with odds of 1 in 10^21.
/// </para>
/// <para>
/// Whoever chooses keys finds two that meet after 2^64 hashes, but both are in one scope, which is the caller's own. To hit the key of
/// another request in that scope takes 2^128 divided by the number of open keys. With a secret, nobody can search outside the application.
/// </para>
/// <para>
/// What a meeting would do: the second request gets 422, because its fingerprint, of 256 bits, is another. Only a record without a
/// fingerprint of the body (or of the whole request, made by an operator) would answer it. Two scopes that agree in the first part alone
/// share nothing but <see cref="EncodeScope"/>: <c>ForgetAsync</c> of one would remove the other's records as well.
/// </para>
/// </remarks>
internal sealed class Sha256KeyEncoder : IIdempotencyKeyEncoder
{
    private const int HashBytes = 16;
    private const int HashCharacters = 22;
    private const int StackBytes = 512;

    // Cached, because the same callers come back.
    private readonly RecentValues<string, string> _scopeHashes;
    private readonly HashKeys _keys;

    public Sha256KeyEncoder(HashKeys keys)
    {
        _keys = keys;
        _scopeHashes = new(scope => string.Create(
            HashCharacters, (keys, scope), static (target, parts) => WriteHash(target, parts.keys.Scope, parts.scope, null)));
    }

    public StorageKey Encode(string prefix, string scope, string key)
    {
        var value = string.Create(
            prefix.Length + HashCharacters + 1 + HashCharacters,
            (prefix, hash: _scopeHashes.Get(scope), hashKey: _keys.Key, scope, key),
            static (target, parts) =>
            {
                parts.prefix.CopyTo(target);
                target = target[parts.prefix.Length..];
                parts.hash.CopyTo(target);
                target[HashCharacters] = ':';
                WriteHash(target[(HashCharacters + 1)..], parts.hashKey, parts.scope, parts.key);
            });
        return new(value, prefix.Length + HashCharacters + 1);
    }

    public string EncodeScope(string prefix, string scope) => $"{prefix}{_scopeHashes.Get(scope)}:";

    /// <summary>Hashes the scope alone, or the length of the scope in UTF-8, the scope, and the key.</summary>
    private static void WriteHash(Span<char> target, byte[]? hashKey, string scope, string? key)
    {
        var maxLength = checked(sizeof(int) + LosslessUtf8.MaxLength(scope.Length + (key?.Length ?? 0)));
        var rented = maxLength > StackBytes ? ArrayPool<byte>.Shared.Rent(maxLength) : null;
        var buffer = rented ?? stackalloc byte[StackBytes];

        var length = sizeof(int) + LosslessUtf8.Write(scope, buffer[sizeof(int)..]);
        BinaryPrimitives.WriteInt32LittleEndian(buffer, length - sizeof(int));
        var input = key is null ? buffer[sizeof(int)..length] : buffer[..(length + LosslessUtf8.Write(key, buffer[length..]))];

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        if (hashKey is null)
            SHA256.HashData(input, hash);
        else
            HMACSHA256.HashData(hashKey, input, hash);
        Base64Url.EncodeToChars(hash[..HashBytes], target);

        // The buffer held the names of callers.
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented, clearArray: true);
    }
}
