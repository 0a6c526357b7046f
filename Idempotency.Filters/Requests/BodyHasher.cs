using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Idempotency.Filters.Primitives;
using Microsoft.Extensions.ObjectPool;

namespace Idempotency.Filters.Requests;

/// <summary>
/// A pooled SHA-256 computation. <see cref="Complete"/> and <see cref="Abandon"/> return it to the pool: do not use it afterwards.
/// </summary>
internal sealed class BodyHasher
{
    private static readonly DefaultObjectPool<BodyHasher> Pool = new(new DefaultPooledObjectPolicy<BodyHasher>(), maximumRetained: 64);

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private MultipartNormalizer? _multipart;

    /// <summary>Whether nothing was appended yet.</summary>
    public bool IsEmpty { get; private set; } = true;

    public BodyForm Form => _multipart is null ? BodyForm.Bytes : BodyForm.Multipart;

    public static BodyHasher Rent(string? contentType = null)
    {
        var hasher = Pool.Get();
        hasher._multipart = MultipartNormalizer.For(contentType, hasher._hash);
        return hasher;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;

        IsEmpty = false;
        if (_multipart is null)
            _hash.AppendData(bytes);
        else
            _multipart.Append(bytes);
    }

    public void Append(long number) => Append(MemoryMarshal.AsBytes([number]));

    /// <summary>
    /// Appends the length and then the text, so that no two sequences of texts give the same bytes. UTF-16 keeps lone surrogates, too.
    /// </summary>
    public void Append(ReadOnlySpan<char> text)
    {
        Append(text.Length);
        Append(MemoryMarshal.AsBytes(text));
    }

    public Sha256Digest Complete()
    {
        _multipart?.Complete();
        Sha256Digest hash = default;
        _hash.GetHashAndReset(hash);
        Return();
        return hash;
    }

    public void Abandon()
    {
        Sha256Digest unused = default;
        _hash.GetHashAndReset(unused);
        Return();
    }

    private void Return()
    {
        _multipart = null;
        IsEmpty = true;
        Pool.Return(this);
    }
}
