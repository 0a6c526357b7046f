using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace Idempotency.Filters.Policies;

/// <summary>
/// Finds the marker of a method or a type. The most derived override or type that has one wins. Two markers on one level contradict each
/// other.
/// </summary>
internal static class MemberMarkers
{
    public static IIdempotencyMarker? OfMethod(MethodInfo method, string? name = null)
    {
        for (MethodInfo? level = method; level is not null; level = Overridden(level))
        {
            if (Single(level.GetCustomAttributes(inherit: false), name ?? $"{level.DeclaringType}.{level.Name}") is { } marker)
                return marker;
        }

        return null;
    }

    public static IIdempotencyMarker? OfType(Type type)
    {
        for (Type? level = type; level is not null; level = level.BaseType)
        {
            if (Single(level.GetCustomAttributes(inherit: false), level.ToString()) is { } marker)
                return marker;
        }

        return null;
    }

    /// <summary>The name of an attribute, as written in code.</summary>
    public static string NameOf(IIdempotencyMarker marker) => marker.GetType().Name.Replace("Attribute", "", StringComparison.Ordinal);

    private static IIdempotencyMarker? Single(object[] attributes, string place)
    {
        IIdempotencyMarker? single = null;
        foreach (var marker in attributes.OfType<IIdempotencyMarker>())
        {
            if (single is not null)
            {
                throw new InvalidOperationException(
                    $"{place} carries both [{NameOf(single)}] and [{NameOf(marker)}], which contradict each other: remove one of them.");
            }

            single = marker;
        }

        return single;
    }

    [UnconditionalSuppressMessage(
        "Trimming", "IL2070", Justification = "MVC keeps action methods; a base method that was trimmed away has no marker.")]
    [UnconditionalSuppressMessage(
        "Trimming", "IL2075", Justification = "MVC keeps action methods; a base method that was trimmed away has no marker.")]
    private static MethodInfo? Overridden(MethodInfo method)
    {
        var root = method.GetBaseDefinition();
        if (root == method)
            return null;

        for (var type = method.DeclaringType?.BaseType; type is not null; type = type.BaseType)
        {
            var candidate = type
                .GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)
                .FirstOrDefault(candidate => candidate.GetBaseDefinition() == root);
            if (candidate is not null)
                return candidate;
        }

        return null;
    }
}
