namespace Idempotency.Filters;

/// <summary>
/// What the library knows of the request that is being served. Injected as an action parameter, and into the constructors of scoped services.
/// </summary>
/// <remarks>
/// Every member is defined when no key was sent or no policy applies: properties say "nothing", and a call that cannot work then throws
/// <see cref="InvalidOperationException"/> saying why.
/// </remarks>
public interface IIdempotencyContext
{
    /// <summary>
    /// The key without quotes and escapes, and in lower case where <see cref="IdempotencyOptions.KeyFormat"/> asks for UUIDs; null when
    /// there is none.
    /// </summary>
    string? Key { get; }

    /// <summary>
    /// True in manual mode when an earlier request with this key completed. Always false in an action under <see cref="IdempotentAttribute"/>,
    /// which runs for first requests only.
    /// </summary>
    bool IsRepeat { get; }

    /// <summary>The stored response of the earlier request; null when this is no repeat, or when that response was not kept whole.</summary>
    StoredResponse? Response { get; }

    /// <summary>
    /// Whether a repeat is the same request as the first: method, path, query, media type and body. Null when this is no repeat, or when the
    /// record cannot tell (its body was not read to the end).
    /// </summary>
    bool? RequestMatches { get; }

    /// <summary>A number that grows each time a key is taken over, to hand to systems that refuse stale writers; null where there is none.</summary>
    long? FencingToken { get; }

    /// <summary>Fires when another process may have taken the key over; never fires when there is no claim.</summary>
    CancellationToken LeaseLost { get; }

    /// <summary>The result that sends <see cref="Response"/> again, marked as a replay.</summary>
    /// <exception cref="InvalidOperationException">There is no stored response to send.</exception>
    IdempotencyReplay Replay();

    /// <summary>
    /// Keeps this request's response whatever its status; on a repeat in manual mode it replaces the record. The last of <see cref="Keep"/>,
    /// <see cref="KeepFor"/> and <see cref="Discard"/> counts.
    /// </summary>
    /// <exception cref="InvalidOperationException">No key is claimed, or the response is already on its way.</exception>
    void Keep();

    /// <summary>As <see cref="Keep"/>, for <paramref name="retention"/> instead of <see cref="IdempotencyOptions.Retention"/>.</summary>
    /// <param name="retention">How long, from the completion; more than zero.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="retention"/> is zero or less.</exception>
    /// <exception cref="InvalidOperationException">No key is claimed, or the response is already on its way.</exception>
    void KeepFor(TimeSpan retention);

    /// <summary>Does not keep this request's response, whatever its status: the key is free again, or its earlier record stands.</summary>
    /// <exception cref="InvalidOperationException">No key is claimed, or the response is already on its way.</exception>
    void Discard();
}
