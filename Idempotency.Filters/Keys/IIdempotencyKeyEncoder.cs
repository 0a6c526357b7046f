namespace Idempotency.Filters;

/// <summary>Makes storage keys. Replace it to change how keys look in the store, for example to share records with another system.</summary>
/// <remarks>
/// Two different pairs of scope and key must never give the same storage key, and every storage key must begin with what
/// <see cref="EncodeScope"/> gives for its scope, so that all records of one scope can be found.
/// </remarks>
public interface IIdempotencyKeyEncoder
{
    /// <summary>The storage key of one client key in one scope.</summary>
    /// <param name="prefix"><see cref="IdempotencyOptions.KeyPrefix"/>.</param>
    /// <param name="scope">Whose key it is: the caller, and what <see cref="IdempotencyOptions.KeyScope"/> adds.</param>
    /// <param name="key">The client's key, as <see cref="IIdempotencyContext.Key"/> has it.</param>
    string Encode(string prefix, string scope, string key);

    /// <summary>What all storage keys of one scope begin with, and those of no other scope.</summary>
    /// <param name="prefix"><see cref="IdempotencyOptions.KeyPrefix"/>.</param>
    /// <param name="scope">The scope.</param>
    string EncodeScope(string prefix, string scope);
}
