using Idempotency.Filters.Stores;

namespace Idempotency.Filters;

/// <summary>
/// Makes the keys under which stores keep records. Replace this service to change how they look, for example to share records with
/// another system.
/// </summary>
/// <remarks>
/// <para>
/// Two different pairs of scope and key must never have the same storage key. Every storage key must begin with the
/// <see cref="EncodeScope"/> of its scope: that is how <c>IIdempotencyAdministration.ForgetAsync</c> finds all records of one scope. Its
/// <c>ListAsync</c> finds only storage keys that begin with the prefix.
/// </para>
/// <para>
/// The default is <c>{prefix}{scope part}:{key part}</c>. The parts are the first 128 bits of <c>SHA-256(scope)</c> and of
/// <c>SHA-256(scope, key)</c> in base64url (RFC 4648, section 5), 22 characters each. With <see cref="IdempotencyOptions.HashSecret"/> they
/// are of HMAC-SHA-256. An encoder of your own does not get the secret: it hashes as it sees fit.
/// </para>
/// </remarks>
public interface IIdempotencyKeyEncoder
{
    /// <summary>Makes the storage key of a client key within a scope.</summary>
    /// <param name="prefix"><see cref="IdempotencyOptions.KeyPrefix"/>.</param>
    /// <param name="scope">Whose key it is: the caller and what <see cref="IdempotencyOptions.KeyScope"/> adds.</param>
    /// <param name="key">The client's key, without quotes and escapes, as in <see cref="IIdempotencyContext.Key"/>.</param>
    /// <returns>The storage key. Its <see cref="StorageKey.Scope"/> is the text that <see cref="EncodeScope"/> returns.</returns>
    StorageKey Encode(string prefix, string scope, string key);

    /// <summary>Makes the text that all storage keys of a scope begin with, and no storage key of another scope.</summary>
    /// <param name="prefix"><see cref="IdempotencyOptions.KeyPrefix"/>.</param>
    /// <param name="scope">Whose keys they are: the caller and what <see cref="IdempotencyOptions.KeyScope"/> adds.</param>
    /// <returns>The beginning of the storage keys.</returns>
    string EncodeScope(string prefix, string scope);
}
