using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Unicode;
using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Keys;

/// <summary>
/// Makes <c>{prefix}{b64url(SHA-256(scope))}:{b64url(SHA-256(scope, key))}</c>: fixed length, no personal data, and no choice of characters
/// in a scope or a key makes two pairs collide.
/// </summary>
internal sealed class Sha256KeyEncoder : IIdempotencyKeyEncoder
{
    private const int HashCharacters = 43;
    private const int StackBytes = 512;

    // One UTF-16 unit takes three bytes at most, half a surrogate pair included. A whole pair, two units, takes four.
    private const int MaxBytesPerChar = 3;

    // Cached, because the same callers come back.
    private readonly RecentValues<string, string> _scopeHashes = new(
        scope => string.Create(HashCharacters, scope, static (target, scope) => WriteHash(target, scope, null)));

    public string Encode(string prefix, string scope, string key) =>
        string.Create(
            prefix.Length + HashCharacters + 1 + HashCharacters,
            (prefix, hash: _scopeHashes.Get(scope), scope, key),
            static (target, parts) =>
            {
                parts.prefix.CopyTo(target);
                target = target[parts.prefix.Length..];
                parts.hash.CopyTo(target);
                target[HashCharacters] = ':';
                WriteHash(target[(HashCharacters + 1)..], parts.scope, parts.key);
            });

    public string EncodeScope(string prefix, string scope) => $"{prefix}{_scopeHashes.Get(scope)}:";

    /// <summary>Hashes the scope alone, or the length of the scope in UTF-8, the scope, and the key.</summary>
    private static void WriteHash(Span<char> target, string scope, string? key)
    {
        var maxLength = checked(sizeof(int) + ((scope.Length + (key?.Length ?? 0)) * MaxBytesPerChar));
        var rented = maxLength > StackBytes ? ArrayPool<byte>.Shared.Rent(maxLength) : null;
        var buffer = rented ?? stackalloc byte[StackBytes];

        var length = sizeof(int) + WriteUtf8(scope, buffer[sizeof(int)..]);
        BinaryPrimitives.WriteInt32LittleEndian(buffer, length - sizeof(int));
        var input = key is null ? buffer[sizeof(int)..length] : buffer[..(length + WriteUtf8(key, buffer[length..]))];

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input, hash);
        Base64Url.EncodeToChars(hash, target);

        // The buffer held the names of callers.
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented, clearArray: true);
    }

    /// <summary>
    /// Writes UTF-8, but encodes half a surrogate pair as if it were a character. Replacing it with U+FFFD would make different scopes
    /// equal.
    /// </summary>
    private static int WriteUtf8(ReadOnlySpan<char> text, Span<byte> target)
    {
        var length = 0;
        while (true)
        {
            var status = Utf8.FromUtf16(text, target[length..], out var read, out var written, replaceInvalidSequences: false);
            length += written;
            if (status == OperationStatus.Done)
                return length;

            var half = text[read];
            target[length++] = (byte)(0xE0 | (half >> 12));
            target[length++] = (byte)(0x80 | ((half >> 6) & 0x3F));
            target[length++] = (byte)(0x80 | (half & 0x3F));
            text = text[(read + 1)..];
        }
    }
}
