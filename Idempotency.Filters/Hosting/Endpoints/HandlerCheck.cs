using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using Idempotency.Filters.Policies;
using Microsoft.AspNetCore.Http.Metadata;

namespace Idempotency.Filters.Hosting.Endpoints;

/// <summary>
/// Finds markers on the class that handles an endpoint, and refuses those that nobody reads: Minimal APIs pass on the attributes of the
/// method alone, and many frameworks pass on none. Each framework names the class in its metadata, in a property of its own.
/// </summary>
internal static class HandlerCheck
{
    private const string TrimmedAway = "What was trimmed away names no class, and has no marker.";

    private const BindingFlags Own =
        BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>The endpoints by the classes that handle them, or that take part in it.</summary>
    public static ILookup<Type, Endpoint> Handlers(IEnumerable<Endpoint> endpoints) => endpoints
        .SelectMany(endpoint => endpoint.Metadata.SelectMany(TypesIn).Distinct().Select(type => (Type: type, Endpoint: endpoint)))
        .ToLookup(handled => handled.Type, handled => handled.Endpoint);

    /// <returns>The marker that the framework of an endpoint passed on from the class or the method that handles it.</returns>
    public static IIdempotencyMarker? PassedOn(IList<object> metadata)
    {
        var candidates = metadata.OfType<IIdempotencyMarker>().Where(marker => marker is not PolicyMarker).ToList();
        if (candidates.Count == 0)
            return null;

        var own = metadata.SelectMany(TypesIn).Distinct().SelectMany(MarkersOf).ToList();
        return candidates.FindLast(candidate => own.Any(marker => IsSame(marker.Marker, candidate)));
    }

    /// <exception cref="InvalidOperationException">The class, or a method of it, has a marker that no endpoint got.</exception>
    public static void Check(Type handler, IReadOnlyCollection<Endpoint> endpoints)
    {
        foreach (var (marker, place) in MarkersOf(handler))
            Check(marker, place, endpoints);
    }

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = TrimmedAway)]
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = TrimmedAway)]
    private static IEnumerable<(IIdempotencyMarker Marker, string Place)> MarkersOf(Type handler)
    {
        if (MemberMarkers.OfType(handler) is { } ofType)
            yield return (ofType, handler.ToString());

        for (var level = handler; level is not null; level = level.BaseType)
        {
            foreach (var method in level.GetMethods(Own).Where(IsMarked))
                yield return (MemberMarkers.OfMethod(method)!, $"{level}.{method.Name}");
        }
    }

    private static void Check(IIdempotencyMarker marker, string place, IReadOnlyCollection<Endpoint> endpoints)
    {
        if (endpoints.Any(endpoint => endpoint.Metadata.OfType<IIdempotencyMarker>().Any(passed => IsSame(passed, marker))))
            return;

        var call = "RequireIdempotency()";
        if (marker is IdempotencyExemptAttribute)
        {
            if (!endpoints.Any(endpoint => endpoint.Metadata.GetMetadata<CoveredEndpoint>() is { Policy: not null }))
                return;
            call = "WithMetadata(new IdempotencyExemptAttribute())";
        }

        throw new InvalidOperationException(
            $"{place} carries [{MemberMarkers.NameOf(marker)}], but the framework that it belongs to does not pass the attribute on to its "
            + $"endpoint ({endpoints.First().DisplayName}), so it does nothing there. Remove it, and call {call} where the endpoint is "
            + $"mapped or configured; in FastEndpoints that is Options(endpoint => endpoint.{call}) in Configure().");
    }

    private static bool IsMarked(MethodInfo method) =>
        method.IsDefined(typeof(IdempotentAttribute), inherit: false)
        || method.IsDefined(typeof(IdempotencyExemptAttribute), inherit: false);

    private static bool IsSame(IIdempotencyMarker one, IIdempotencyMarker other) =>
        one.GetType() == other.GetType() && one.Policy == other.Policy;

    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = TrimmedAway)]
    private static IEnumerable<Type> TypesIn(object metadata)
    {
        if (metadata is MethodInfo method)
            return DeclaringClass(method) is { } type ? [type] : [];

        // What these name is sent or read, and handles nothing.
        if (metadata is IProducesResponseTypeMetadata or IAcceptsMetadata or CoveredEndpoint or EndpointNote)
            return [];

        return metadata.GetType().GetProperties(BindingFlags.Instance | BindingFlags.Public)
            .Where(property => property.PropertyType == typeof(Type) && property.GetIndexParameters().Length == 0)
            .Select(property => ValueOf(property, metadata))
            .OfType<Type>()
            .Where(type => !type.IsPrimitive && type != typeof(object) && type != typeof(string));
    }

    /// <summary>The class that a person wrote: a lambda is declared by one that the compiler makes inside.</summary>
    private static Type? DeclaringClass(MethodInfo method)
    {
        var type = method.DeclaringType;
        while (type?.DeclaringType is { } outer && type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false))
            type = outer;
        return type;
    }

    /// <summary>A framework may not have the value for this endpoint, and say so by an exception. Then it names nothing.</summary>
    private static Type? ValueOf(PropertyInfo property, object metadata)
    {
        try
        {
            return property.GetValue(metadata) as Type;
        }
        catch (TargetInvocationException)
        {
            return null;
        }
    }
}
