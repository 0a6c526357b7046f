using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Idempotency.Filters.Policies;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Hosting.Mvc;

/// <summary>Builds the policy of each MVC action and page once. When MVC replaces descriptors, their policies go with them.</summary>
internal sealed class ActionPolicies(IdempotencyPolicies policies)
{
    private readonly ConditionalWeakTable<ActionDescriptor, Entry> _entries = [];

    /// <returns>The policy; null when the action is exempt or has no marker.</returns>
    /// <exception cref="InvalidOperationException">The markers contradict each other, or name what is not registered.</exception>
    /// <exception cref="OptionsValidationException">The settings are invalid.</exception>
    public IdempotencyPolicy? Of(ActionDescriptor action)
    {
        var entry = EntryOf(action);
        entry.Failure?.Throw();
        return entry.Policy;
    }

    /// <summary>Whether the action has no policy because its markers or settings cannot work. Then <see cref="Of"/> throws.</summary>
    public bool IsBroken(ActionDescriptor action) => EntryOf(action).Failure is not null;

    private Entry EntryOf(ActionDescriptor action) =>
        _entries.TryGetValue(action, out var entry) ? entry : _entries.GetValue(action, Build);

    // A failure is kept: one action that cannot work must not keep MVC from building all the others.
    private Entry Build(ActionDescriptor action)
    {
        try
        {
            return new Entry(policies.Build(ActionMarkers.Of(action), action.DisplayName ?? action.Id), null);
        }
        catch (Exception exception)
        {
            return new Entry(null, ExceptionDispatchInfo.Capture(exception));
        }
    }

    private sealed record Entry(IdempotencyPolicy? Policy, ExceptionDispatchInfo? Failure);
}
