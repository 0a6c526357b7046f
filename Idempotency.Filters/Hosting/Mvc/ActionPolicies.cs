using System.Runtime.CompilerServices;
using Idempotency.Filters.Policies;
using Microsoft.AspNetCore.Mvc.Abstractions;

namespace Idempotency.Filters.Hosting.Mvc;

/// <summary>Builds the policy of each MVC action and page once. When MVC replaces descriptors, their policies go with them.</summary>
internal sealed class ActionPolicies(IdempotencyPolicies policies)
{
    private readonly ConditionalWeakTable<ActionDescriptor, Entry> _entries = [];

    /// <returns>The policy; null when the action is exempt or has no marker.</returns>
    public IdempotencyPolicy? Of(ActionDescriptor action) =>
        _entries.TryGetValue(action, out var entry) ? entry.Policy : Build(action);

    private IdempotencyPolicy? Build(ActionDescriptor action) => _entries
        .GetValue(action, action => new Entry(policies.Build(ActionMarkers.Of(action), action.DisplayName ?? action.Id)))
        .Policy;

    private sealed record Entry(IdempotencyPolicy? Policy);
}
