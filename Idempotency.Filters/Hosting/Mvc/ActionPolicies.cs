using System.Runtime.CompilerServices;
using Idempotency.Filters.Policies;
using Microsoft.AspNetCore.Mvc.Abstractions;

namespace Idempotency.Filters.Hosting.Mvc;

/// <summary>The policy of each MVC action and page, built once. Descriptors that MVC replaces are forgotten with them.</summary>
internal sealed class ActionPolicies(IdempotencyPolicies policies)
{
    private readonly ConditionalWeakTable<ActionDescriptor, Entry> _entries = [];

    /// <returns>The policy; null when the action is exempt or nothing marks it.</returns>
    public IdempotencyPolicy? Of(ActionDescriptor action) =>
        _entries.TryGetValue(action, out var entry) ? entry.Policy : Build(action);

    private IdempotencyPolicy? Build(ActionDescriptor action) => _entries
        .GetValue(action, action => new Entry(policies.Build(ActionMarkers.Of(action), action.DisplayName ?? action.Id)))
        .Policy;

    private sealed record Entry(IdempotencyPolicy? Policy);
}
