using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.EntityFrameworkCore.Rows;

/// <summary>
/// The hashes of a storage key, of one length whatever the encoder of the application makes: 16 bytes of that of its scope, and 16 of that
/// of the whole key. The first six of the latter are what logs show.
/// </summary>
/// <param name="Scope">The hash of the scope.</param>
/// <param name="Id">The hash of the whole key.</param>
internal readonly record struct RowKey(byte[] Scope, byte[] Id)
{
    private const int Length = 16;

    /// <summary>The number of its lock. Two keys with one number get a 409 too many, never a second run.</summary>
    public long LockNumber => BinaryPrimitives.ReadInt64BigEndian(Id);

    /// <summary>The key as logs show it: twelve characters, as of its text.</summary>
    public string LogHash => Convert.ToHexStringLower(Id.AsSpan(0, 6));

    /// <summary>By which operators name a key of a listing.</summary>
    public string Handle => Convert.ToHexStringLower(Scope) + Convert.ToHexStringLower(Id);

    /// <returns>Null when the text is no <see cref="Handle"/>.</returns>
    public static RowKey? OfHandle(string handle)
    {
        var bytes = new byte[2 * Length];
        return handle.Length == 2 * bytes.Length
            && Convert.FromHexString(handle, bytes, out _, out _) is System.Buffers.OperationStatus.Done
            ? new(bytes[..Length], bytes[Length..])
            : null;
    }

    public static RowKey Of(StorageKey key) => new(ScopeOf(key.Scope), Hash(key.Value));

    public static byte[] ScopeOf(ReadOnlySpan<char> scope) => Hash(scope);

    private static byte[] Hash(ReadOnlySpan<char> text)
    {
        const int ShortText = 256;
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        var size = Encoding.UTF8.GetMaxByteCount(text.Length);
        var bytes = size <= ShortText ? stackalloc byte[ShortText] : new byte[size];
        SHA256.HashData(bytes[..Encoding.UTF8.GetBytes(text, bytes)], digest);
        return digest[..Length].ToArray();
    }
}
