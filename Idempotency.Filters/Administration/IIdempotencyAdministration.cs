using Idempotency.Filters.Stores;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters;

/// <summary>
/// For operators' code: looks up and lists keys, resolves keys whose outcome is unknown, and forgets callers. Takes the keys that clients
/// send.
/// Registered by <c>AddIdempotency</c>.
/// </summary>
/// <remarks>
/// It does not authorize: the endpoint that uses it must. Exceptions of a store that cannot be reached pass through.
/// </remarks>
public interface IIdempotencyAdministration
{
    /// <summary>Finds what is known about a key. Changes nothing.</summary>
    /// <param name="scope">Whose key it is.</param>
    /// <param name="key">The client's key, without quotes and escapes, as in <see cref="IIdempotencyContext.Key"/>.</param>
    /// <param name="policy">
    /// The policy whose store and prefix the key is kept under; null = the settings of <c>AddIdempotency</c>. Default null.
    /// </param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>What is known; null if the key is free, and the next request with it runs the action.</returns>
    /// <exception cref="ArgumentException">
    /// No request can have this scope or this key under the policy. The message says why.
    /// </exception>
    /// <exception cref="InvalidOperationException">The policy is not registered.</exception>
    /// <exception cref="OptionsValidationException">
    /// <paramref name="policy"/> is null, and the settings of <c>AddIdempotency</c> do not fit their store. The start of the application
    /// does not check this if no endpoint uses these settings.
    /// </exception>
    /// <exception cref="NotSupportedException">The store does not implement <c>IIdempotencyStoreAdministration</c>.</exception>
    ValueTask<FoundKey?> FindAsync(
        IdempotencyScope scope, string key, string? policy = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Returns the short hash under which logs show a key, such as <c>3f9a0c1be274</c>, so that support finds the lines of a client's
    /// request. Reads no store. A request without a valid key has the hash <c>none</c>.
    /// </summary>
    /// <param name="scope">Whose key it is.</param>
    /// <param name="key">The client's key, without quotes and escapes, as in <see cref="IIdempotencyContext.Key"/>.</param>
    /// <param name="policy">
    /// The policy under whose prefix the key is kept; null = the settings of <c>AddIdempotency</c>. Default null.
    /// </param>
    /// <returns>Twelve lower-case hexadecimal characters.</returns>
    /// <exception cref="ArgumentException">
    /// No request can have this scope or this key under the policy. The message says why.
    /// </exception>
    /// <exception cref="InvalidOperationException">The policy is not registered.</exception>
    /// <exception cref="OptionsValidationException">
    /// <paramref name="policy"/> is null, and the settings of <c>AddIdempotency</c> do not fit their store.
    /// </exception>
    string LogHashOf(IdempotencyScope scope, string key, string? policy = null);

    /// <summary>
    /// Settles a key whose retries are refused: gives them an answer, or frees the key. A key that is in flight, or has its answer, is not
    /// changed.
    /// </summary>
    /// <remarks>
    /// The key is changed only if it is still as it was found, in one step. A result, not an exception, says why a key was not resolved:
    /// operators compete with retries, with processes that come back late, and with each other.
    /// </remarks>
    /// <param name="scope">Whose key it is.</param>
    /// <param name="key">The client's key, without quotes and escapes, as in <see cref="IIdempotencyContext.Key"/>.</param>
    /// <param name="resolution">
    /// <see cref="IdempotencyResolution.Free"/>, or an answer made with <see cref="IdempotencyResolution.Completed"/>. The answer is kept
    /// for the <see cref="IdempotencyOptions.Retention"/> of the policy, from now on.
    /// </param>
    /// <param name="policy">
    /// The policy whose store and prefix the key is kept under; null = the settings of <c>AddIdempotency</c>. Default null.
    /// </param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>Whether the key was resolved, and if not, why.</returns>
    /// <exception cref="ArgumentException">
    /// No request can have this scope or this key under the policy, or the body of the answer is larger than the policy's
    /// <see cref="IdempotencyOptions.MaxResponseBodySize"/>.
    /// </exception>
    /// <exception cref="InvalidOperationException">The policy is not registered.</exception>
    /// <exception cref="OptionsValidationException">
    /// <paramref name="policy"/> is null, and the settings of <c>AddIdempotency</c> do not fit their store. The start of the application
    /// does not check this if no endpoint uses these settings.
    /// </exception>
    /// <exception cref="NotSupportedException">The store does not implement <c>IIdempotencyStoreAdministration</c>.</exception>
    /// <exception cref="IdempotencyStoreFullException">
    /// The answer is too large for the store, or the store has no room for it. The key is unchanged.
    /// </exception>
    ValueTask<ResolveOutcome> ResolveAsync(
        IdempotencyScope scope, string key, IdempotencyResolution resolution, string? policy = null,
        CancellationToken cancellationToken = default);

    /// <summary>
    /// Lists keys by state and age, in no order, without the clients' keys at hand: which are interrupted, which failed and are blocked.
    /// Reads no further than the caller enumerates. The cost depends on the store: some look at every key they have, some cannot do it.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Lists the keys of one store below one prefix, those of the policy, and so those of all policies that share them. A store that does
    /// not keep storage keys lists all it has.
    /// </para>
    /// <para>
    /// The list is no snapshot: a key whose state changes meanwhile may be listed or not. A state is read from the beginning of a record
    /// where records are not protected, so a record that is damaged further on is listed as what it was. Where a store keeps only hashes of
    /// keys and <c>ProtectRecords</c> is used, no record can be read without the client's key: each is listed as
    /// <see cref="FoundKeyState.Completed"/>, without a time.
    /// </para>
    /// </remarks>
    /// <param name="states">The states to list. At least one.</param>
    /// <param name="olderThan">
    /// Leaves out keys that are in their state for a shorter time, by <see cref="ListedKey.Since"/>. A key whose time nobody knows is
    /// listed. Zero = lists all. Default zero.
    /// </param>
    /// <param name="policy">The policy whose store and prefix to list; null = the settings of <c>AddIdempotency</c>. Default null.</param>
    /// <param name="max">How many keys at most. Default 1000.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    /// <returns>The keys, each once.</returns>
    /// <exception cref="ArgumentException"><paramref name="states"/> is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="olderThan"/> is less than zero, or <paramref name="max"/> less than one.
    /// </exception>
    /// <exception cref="InvalidOperationException">The policy is not registered.</exception>
    /// <exception cref="OptionsValidationException">
    /// <paramref name="policy"/> is null, and the settings of <c>AddIdempotency</c> do not fit their store.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// The store cannot list its keys, or does not implement <c>IIdempotencyStoreAdministration</c>.
    /// </exception>
    IAsyncEnumerable<ListedKey> ListAsync(
        IReadOnlyCollection<FoundKeyState> states, TimeSpan olderThan = default, string? policy = null, int max = 1000,
        CancellationToken cancellationToken = default);

    /// <summary>Does the same as <see cref="FindAsync"/>, for a key that was listed.</summary>
    /// <param name="handle">The <see cref="ListedKey.Handle"/> of the key.</param>
    /// <param name="policy">The policy for which the key was listed. Default null.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>
    /// What is known; null if the key is free, or this is no handle of a key of the policy. Where a store keeps only hashes of keys and
    /// <c>ProtectRecords</c> is used, every record is <see cref="FoundKeyState.Completed"/>, and has no time and no response.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="handle"/> is null or empty.</exception>
    /// <exception cref="InvalidOperationException">The policy is not registered.</exception>
    /// <exception cref="OptionsValidationException">
    /// <paramref name="policy"/> is null, and the settings of <c>AddIdempotency</c> do not fit their store.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// The store cannot list its keys, or does not implement <c>IIdempotencyStoreAdministration</c>.
    /// </exception>
    ValueTask<FoundKey?> FindListedAsync(string handle, string? policy = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Does the same as <see cref="ResolveAsync"/>, for a key that was listed. The key may have changed since: it is looked at again, and
    /// resolved only if its retries are refused now.
    /// </summary>
    /// <param name="handle">The <see cref="ListedKey.Handle"/> of the key.</param>
    /// <param name="resolution">As for <see cref="ResolveAsync"/>.</param>
    /// <param name="policy">The policy for which the key was listed. Default null.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>
    /// Whether the key was resolved, and if not, why. <see cref="ResolveOutcome.NotFound"/> also if this is no handle of a key of the
    /// policy.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="handle"/> is null or empty, or the body of the answer is larger than the policy's
    /// <see cref="IdempotencyOptions.MaxResponseBodySize"/>.
    /// </exception>
    /// <exception cref="InvalidOperationException">The policy is not registered.</exception>
    /// <exception cref="OptionsValidationException">
    /// <paramref name="policy"/> is null, and the settings of <c>AddIdempotency</c> do not fit their store.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// The store cannot list its keys, or does not implement <c>IIdempotencyStoreAdministration</c>. Or it keeps only hashes of keys,
    /// <c>ProtectRecords</c> is used, and a record would have to be read or made: only <see cref="ResolveAsync"/> can do that.
    /// </exception>
    /// <exception cref="IdempotencyStoreFullException">
    /// The answer is too large for the store, or the store has no room for it. The key is unchanged.
    /// </exception>
    ValueTask<ResolveOutcome> ResolveListedAsync(
        string handle, IdempotencyResolution resolution, string? policy = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Removes all records and interrupted keys of one scope from the stores of all policies, for a user's right to be forgotten. Keys in
    /// flight stay, and so does the record that each will make. The cost depends on the store: some read every key they have, some cannot
    /// do it.
    /// </summary>
    /// <remarks>
    /// <para>
    /// A retry of a forgotten request runs as a first request. If a store fails, what was removed before stays removed; call again.
    /// </para>
    /// <para>
    /// All named policies count, whether or not an endpoint uses them. The settings of <c>AddIdempotency</c> count if an endpoint is
    /// covered under them, or if the process covers no endpoint at all. A Warning (event 82) names the policies under which no request can
    /// have a scope of this kind; the caller has another scope there.
    /// </para>
    /// </remarks>
    /// <param name="scope">
    /// Whose keys to remove. A caller has one scope for each value of <see cref="IdempotencyOptions.KeyScope"/>.
    /// </param>
    /// <param name="cancellationToken">Cancels the call. What was removed before stays removed.</param>
    /// <returns>How many keys were removed.</returns>
    /// <exception cref="ArgumentException">
    /// No request can have this scope under any policy, so nobody would be forgotten. The message says what to use. Nothing was removed.
    /// </exception>
    /// <exception cref="NotSupportedException">A store of a policy cannot enumerate its keys. Nothing was removed.</exception>
    ValueTask<long> ForgetAsync(IdempotencyScope scope, CancellationToken cancellationToken = default);
}
