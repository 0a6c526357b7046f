using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Requests;

/// <summary>
/// A pooled SHA-256 or HMAC-SHA-256 computation. <see cref="Complete"/> and <see cref="Abandon"/> return it to its pool: do not use it
/// afterwards.
/// </summary>
/// <param name="pool">Where it returns to.</param>
/// <param name="key">The key of the HMAC; null = plain SHA-256.</param>
internal sealed class BodyHasher(BodyHasherPool pool, byte[]? key)
{
    private readonly IncrementalHash _hash = key is null
        ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256)
        : IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);

    private MultipartNormalizer? _multipart;

    /// <summary>How many bytes were appended.</summary>
    public long Length { get; private set; }

    public BodyForm Form => _multipart is null ? BodyForm.Bytes : BodyForm.Multipart;

    /// <summary>Prepares for a body of this content type. Only the pool calls it.</summary>
    public void Begin(string? contentType) => _multipart = MultipartNormalizer.For(contentType, _hash);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;

        Length += bytes.Length;
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
        Length = 0;
        pool.Return(this);
    }
}
