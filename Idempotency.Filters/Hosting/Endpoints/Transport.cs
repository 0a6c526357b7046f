using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.SignalR;

namespace Idempotency.Filters.Hosting.Endpoints;

/// <summary>
/// Endpoints that carry connections: those of SignalR, and those that interactive Blazor pages add beside themselves. Their clients POST to
/// them on their own, and send no key. What is sent over the connection is no request.
/// </summary>
internal static class Transport
{
    public static bool Is(IList<object> metadata) =>
        metadata.OfType<HubMetadata>().Any()
        // Blazor gives a page the type of its component as well.
        || metadata.OfType<RootComponentMetadata>().Any() && !metadata.OfType<ComponentTypeMetadata>().Any();
}
