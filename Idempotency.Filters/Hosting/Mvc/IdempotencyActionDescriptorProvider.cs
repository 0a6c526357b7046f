using Idempotency.Filters.Policies;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.ActionConstraints;
using Microsoft.AspNetCore.Mvc.Controllers;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Idempotency.Filters.Hosting.Mvc;

/// <summary>
/// Runs after all other action descriptor providers. Leaves each covered action one idempotency filter and adds the note filters. Removes
/// the filter from actions that can never be covered, where it would only cost time and memory.
/// </summary>
internal sealed class IdempotencyActionDescriptorProvider(IdempotencyPolicies policies, ActionPolicies actionPolicies)
    : IActionDescriptorProvider
{
    // OnProvidersExecuted runs in reverse order, so the lowest comes last.
    public int Order => int.MinValue;

    public void OnProvidersExecuting(ActionDescriptorProviderContext context)
    {
    }

    public void OnProvidersExecuted(ActionDescriptorProviderContext context)
    {
        foreach (var action in context.Results.OfType<ControllerActionDescriptor>())
        {
            var filters = action.FilterDescriptors.Where(descriptor => ActionMarkers.IsIdempotencyFilter(descriptor.Filter)).ToList();
            if (filters.Count == 0)
                continue;

            // The start check reports it, or else the filter does, to each request of this action alone.
            if (actionPolicies.IsBroken(action))
                continue;

            var policy = actionPolicies.Of(action);
            var isCovered = policy is not null && MayCover(action, policy);
            if (isCovered)
                policies.NoteUse(policy!);

            var others = action.FilterDescriptors.Except(isCovered ? filters.Skip(1) : filters);
            action.FilterDescriptors = isCovered
                ? [.. ThrowNoteFilter.Among(others), new FilterDescriptor(ActionNoteFilter.Instance, FilterScope.Action)]
                : [.. others];
        }
    }

    public static bool MayCover(ActionDescriptor action, IdempotencyPolicy policy) => policy.CoversAnyOf([.. MethodsOf(action)]);

    /// <returns>The methods that the action answers; empty = all.</returns>
    public static IEnumerable<string> MethodsOf(ActionDescriptor action) =>
        (action.ActionConstraints ?? []).OfType<HttpMethodActionConstraint>().SelectMany(constraint => constraint.HttpMethods);
}
