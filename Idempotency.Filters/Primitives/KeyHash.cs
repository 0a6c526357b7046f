using System.Security.Cryptography;
using System.Text;

namespace Idempotency.Filters.Primitives;

/// <summary>A storage key as it appears in logs: hashed only when a line is really written.</summary>
internal readonly struct KeyHash(string storageKey)
{
    public override string ToString() =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(storageKey)).AsSpan(0, 6));
}
