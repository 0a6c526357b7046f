using System.Security.Cryptography;
using System.Text;

namespace Idempotency.Filters.Primitives;

/// <summary>
/// The keys of HMAC-SHA-256, one for each use of a hash, all derived from the <c>HashSecret</c> of the application. A key is null if there
/// is no secret; then the hash is plain SHA-256.
/// </summary>
/// <remarks>
/// Each use has a key of its own (HKDF, RFC 5869), so a hash of one kind says nothing about a hash of another. The labels are part of the
/// storage format: to change one makes every open key new.
/// </remarks>
internal sealed class HashKeys
{
    public static readonly HashKeys None = new(null);

    private readonly byte[]? _secret;

    public HashKeys(byte[]? secret)
    {
        // A copy: the array belongs to the application.
        _secret = secret is null ? null : [.. secret];
        Scope = Derive("scope");
        Key = Derive("key");
        Target = Derive("target");
        Body = Derive("body");
        DerivedKey = Derive("derived-key");
    }

    public byte[]? Scope { get; }

    public byte[]? Key { get; }

    public byte[]? Target { get; }

    public byte[]? Body { get; }

    /// <summary>For the keys that an application derives for other systems, which outlive every store.</summary>
    public byte[]? DerivedKey { get; }

    public bool AreOf(byte[]? secret) => _secret is null || secret is null
        ? _secret is null && secret is null
        : CryptographicOperations.FixedTimeEquals(_secret, secret);

    private byte[]? Derive(string use) => _secret is null ? null : HKDF.DeriveKey(
        HashAlgorithmName.SHA256, _secret, SHA256.HashSizeInBytes, info: Encoding.ASCII.GetBytes($"Idempotency.Filters.v1.{use}"));
}
