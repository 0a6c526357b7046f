using System.Security.Cryptography;
using System.Text;

namespace Idempotency.Filters.Primitives;

/// <summary>
/// A storage key as logs show it: six bytes of its SHA-256, or "none" for a request without a valid key. It is hashed only when the line is
/// really written.
/// </summary>
internal readonly struct KeyHash(string storageKey)
{
    public override string ToString() => storageKey is "" ? "none" :
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(storageKey)).AsSpan(0, 6));
}
