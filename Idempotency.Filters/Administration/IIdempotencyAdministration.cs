using Idempotency.Filters.Stores;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters;

/// <summary>
/// For the code of those who operate an application: looks keys up, resolves those whose outcome nobody knows, and forgets a caller. Takes
/// the keys that clients send. Registered by <c>AddIdempotency</c>.
/// </summary>
/// <remarks>
/// It asks nobody for permission: the endpoint that uses it does. What a store throws that cannot be asked flows on to the caller.
/// </remarks>
public interface IIdempotencyAdministration
{
    /// <summary>Tells what is known of a key. Changes nothing.</summary>
    /// <param name="scope">Whose key it is.</param>
    /// <param name="key">The client's key, as <see cref="IIdempotencyContext.Key"/> has it: without quotes and escapes.</param>
    /// <param name="policy">
    /// The policy that says in which store, and under which prefix, the key is kept; null = the settings of <c>AddIdempotency</c>.
    /// </param>
    /// <param name="cancellationToken">Gives the attempt up.</param>
    /// <returns>Null when the key is free: the next request with it runs the action.</returns>
    /// <exception cref="ArgumentException">
    /// No request could have this scope, or this key, under the policy; the message says why.
    /// </exception>
    /// <exception cref="InvalidOperationException">The policy is not registered.</exception>
    /// <exception cref="OptionsValidationException">
    /// No policy was named, and the settings of <c>AddIdempotency</c>, which no endpoint uses, do not go with their store.
    /// </exception>
    /// <exception cref="NotSupportedException">The store is none that can be administered.</exception>
    ValueTask<FoundKey?> FindAsync(
        IdempotencyScope scope, string key, string? policy = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Settles a key that retries are refused for: by an answer that they get from now on, or by freeing it. A key in flight is left alone,
    /// and so is one that has its answer.
    /// </summary>
    /// <remarks>
    /// The key is looked at and changed in one step. Everything but success is told by the result, not by an exception: whoever resolves
    /// keys competes with retries, with holders that come back late, and with colleagues.
    /// </remarks>
    /// <param name="scope">Whose key it is.</param>
    /// <param name="key">The client's key, as <see cref="IIdempotencyContext.Key"/> has it: without quotes and escapes.</param>
    /// <param name="resolution">
    /// <see cref="IdempotencyResolution.Free"/>, or <see cref="IdempotencyResolution.Completed"/>, which is kept for the
    /// <see cref="IdempotencyOptions.Retention"/> of the policy, counted from now.
    /// </param>
    /// <param name="policy">
    /// The policy that says in which store, and under which prefix, the key is kept; null = the settings of <c>AddIdempotency</c>.
    /// </param>
    /// <param name="cancellationToken">Gives the attempt up.</param>
    /// <returns>Whether the key is resolved, and if not, why.</returns>
    /// <exception cref="ArgumentException">
    /// No request could have this scope, or this key, under the policy, or the answer is larger than its
    /// <see cref="IdempotencyOptions.MaxResponseBodySize"/>.
    /// </exception>
    /// <exception cref="InvalidOperationException">The policy is not registered.</exception>
    /// <exception cref="OptionsValidationException">
    /// No policy was named, and the settings of <c>AddIdempotency</c>, which no endpoint uses, do not go with their store.
    /// </exception>
    /// <exception cref="NotSupportedException">The store is none that can be administered.</exception>
    /// <exception cref="IdempotencyStoreFullException">
    /// The answer is too large for the store, or the store has no room for it. The key is as it was.
    /// </exception>
    ValueTask<ResolveOutcome> ResolveAsync(
        IdempotencyScope scope, string key, IdempotencyResolution resolution, string? policy = null,
        CancellationToken cancellationToken = default);

    /// <summary>
    /// Removes all records of one scope, and all its interrupted keys, from the stores of all policies: a user's right to be forgotten.
    /// Keys in flight stay, with the record that they will make. What it costs is the store's: from a look at every key it has to a
    /// refusal.
    /// </summary>
    /// <remarks>
    /// <para>
    /// A retry of a forgotten request is a first request, and runs. When a store fails, what was removed until then stays removed; call
    /// again.
    /// </para>
    /// <para>
    /// Named policies count whether an endpoint uses them or not. The settings of <c>AddIdempotency</c> count when an endpoint is covered
    /// under them, and in a process that covers no endpoint at all. Policies under which no request can have a scope of this kind are named
    /// in a Warning (event 82): the caller has another scope there.
    /// </para>
    /// </remarks>
    /// <param name="scope">Whose keys. A caller with several <see cref="IdempotencyOptions.KeyScope"/> has as many scopes.</param>
    /// <param name="cancellationToken">Ends it; what was removed by then stays removed.</param>
    /// <returns>How many keys were removed.</returns>
    /// <exception cref="ArgumentException">
    /// No request could have this scope under any policy, so that nobody would be forgotten; the message says what to use. Nothing was
    /// removed.
    /// </exception>
    /// <exception cref="NotSupportedException">A store of the policies cannot enumerate its keys. Nothing was removed.</exception>
    ValueTask<long> ForgetAsync(IdempotencyScope scope, CancellationToken cancellationToken = default);
}
