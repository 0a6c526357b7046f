using Idempotency.Filters.Options;

namespace Idempotency.Filters.Policies;

/// <summary>The message about an endpoint that is marked and answers none of the covered methods.</summary>
internal static class UncoveredMethods
{
    /// <param name="endpoint">Its name.</param>
    /// <param name="methods">What it answers.</param>
    /// <param name="policy">What covers none of that.</param>
    /// <returns>A sentence that says what to change, and advises nothing that would be refused in its turn.</returns>
    public static string Describe(string endpoint, IReadOnlyCollection<string> methods, IdempotencyPolicy policy)
    {
        var addable = methods.Where(method => !SafeMethods.Contain(method)).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        if (addable.Count == 0)
        {
            return $"{endpoint} is marked as idempotent, but answers only {string.Join(" and ", methods.Distinct())}, "
                + "which is safe to repeat and never covered: remove the marker.";
        }

        var quoted = string.Join(", ", policy.Options.Methods.Concat(addable).Select(method => $"\"{method}\""));
        return $"{endpoint} is marked as idempotent, but answers none of the covered methods "
            + $"({string.Join(", ", policy.Options.Methods)}): remove the marker, or add {string.Join(" and ", addable)} with "
            + $"Methods = [{quoted}], in its policy or in the attribute.";
    }
}
