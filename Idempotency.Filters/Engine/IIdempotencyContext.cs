namespace Idempotency.Filters;

/// <summary>
/// What the library knows of the current request. Take it as a parameter of an action or a handler, or in the constructor of a service of
/// any lifetime.
/// </summary>
/// <remarks>
/// <para>
/// It shows the request of the covered action that the code runs for, however many requests share a scope of services. Code that runs for
/// no covered action sees a request without a key: an exempt request of a batch, or work that outlives its action. An action that serves a
/// further, exempt request by itself needs <c>AddHttpContextAccessor()</c> to be told apart from it.
/// </para>
/// <para>
/// Every member is defined when the request has no key, or when no policy covers it: properties are false or null, and a call that cannot
/// work throws an <see cref="InvalidOperationException"/> that says why.
/// </para>
/// </remarks>
public interface IIdempotencyContext
{
    /// <summary>
    /// The key, without quotes and escapes. In lower case where <see cref="IdempotencyOptions.KeyFormat"/> asks for a UUID. Null without a
    /// key.
    /// </summary>
    string? Key { get; }

    /// <summary>
    /// Whether an earlier request with this key completed. True in manual mode only: an action under <see cref="IdempotentAttribute"/> runs
    /// for first requests alone.
    /// </summary>
    bool IsRepeat { get; }

    /// <summary>The stored response of the earlier request. Null for a first request, and when the response was not kept whole.</summary>
    StoredResponse? Response { get; }

    /// <summary>
    /// Whether a repeat is the same request as the first: same method, path, query, media type, body, and headers that
    /// <see cref="IdempotencyOptions.FingerprintHeaders"/> names. Null for a first request, and when one of the two bodies is not known,
    /// because it was not read to its end, or something consumed it first.
    /// </summary>
    bool? RequestMatches { get; }

    /// <summary>
    /// A number that grows with each take-over of the key. Hand it to systems that refuse stale writers. Null where the store has none.
    /// </summary>
    long? FencingToken { get; }

    /// <summary>Fires when another process may have taken the key over. Never fires without a key.</summary>
    CancellationToken LeaseLost { get; }

    /// <summary>Makes the result that sends <see cref="Response"/> again, marked as a replay.</summary>
    /// <exception cref="InvalidOperationException">There is no stored response to send.</exception>
    IdempotencyReplay Replay();

    /// <summary>
    /// Keeps the response of this request, whatever its status. In manual mode it replaces the earlier record. The last call of
    /// <see cref="Keep"/>, <see cref="KeepFor"/> and <see cref="Discard"/> counts.
    /// </summary>
    /// <exception cref="InvalidOperationException">The request holds no key, or its response is already on its way.</exception>
    void Keep();

    /// <summary>Does the same as <see cref="Keep"/>, for a time of its own instead of <see cref="IdempotencyOptions.Retention"/>.</summary>
    /// <param name="retention">How long to keep the record, counted from its completion. More than zero.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="retention"/> is zero or less.</exception>
    /// <exception cref="InvalidOperationException">The request holds no key, or its response is already on its way.</exception>
    void KeepFor(TimeSpan retention);

    /// <summary>
    /// Does not keep the response of this request, whatever its status. The key is free again; in manual mode its earlier record stands.
    /// With <see cref="IdempotencyOptions.Transactional"/>, the transaction is rolled back.
    /// </summary>
    /// <exception cref="InvalidOperationException">The request holds no key, or its response is already on its way.</exception>
    void Discard();

    /// <summary>
    /// Rolls back the transaction of this request (<see cref="IdempotencyOptions.Transactional"/>) when the action has ended, whatever it
    /// answers. The answer is sent and not kept, and the key is free again. A later <see cref="Keep"/> does not change that.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// The request holds no key, or its policy is not <see cref="IdempotencyOptions.Transactional"/>.
    /// </exception>
    void RollbackOnly();

    /// <summary>
    /// Derives a key for a call to another system, such as the idempotency key of a payment provider. It depends on the caller with its
    /// <see cref="IdempotencyOptions.KeyScope"/>, on <see cref="Key"/>, on <paramref name="purpose"/> and on
    /// <see cref="IdempotencyOptions.HashSecret"/>, and on nothing else: a retry of this request, by whatever instance, store or
    /// <see cref="IdempotencyOptions.KeyPrefix"/> it is served, makes the same call under the same key. It also works in a run without
    /// protection, under <see cref="StoreDownBehavior.Execute"/>, where <see cref="Key"/> is null.
    /// </summary>
    /// <remarks>
    /// The key is <c>SHA-256</c> in base64url (RFC 4648, section 5) without padding; with a
    /// <see cref="IdempotencyOptions.HashSecret"/>, HMAC-SHA-256. It is no secret without one: whoever knows the caller and the key can
    /// compute it.
    /// </remarks>
    /// <param name="purpose">What the call is for, such as <c>charge</c>. Two calls of one action need two purposes.</param>
    /// <param name="length">
    /// How many characters the other system accepts: 22 (132 bits) to 43 (256 bits); null = 43. A shorter key is the beginning of the
    /// longest one. Default null.
    /// </param>
    /// <returns>Letters, digits, <c>-</c> and <c>_</c>.</returns>
    /// <exception cref="ArgumentException"><paramref name="purpose"/> is null or empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is less than 22 or more than 43.</exception>
    /// <exception cref="InvalidOperationException">No policy covers the request, or it carries no key.</exception>
    string DeriveKey(string purpose, int? length = null);
}
