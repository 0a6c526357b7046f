namespace Idempotency.Filters.Tests.House;

/// <summary>
/// Each folder of the core uses those above it in this list, and none below. <c>./build.sh --target Rooms</c> prints which uses which.
/// </summary>
internal sealed class RoomsTests
{
    private static readonly string[] Rooms =
    [
        "Primitives",
        "Stores",
        "Stores/Shared",
        "Stores/Memory",
        "Stores/DistributedCache",
        "Requests",
        "Diagnostics",
        "Records",
        "Keys",
        "Options",
        "Responses",
        "Policies",
        "Engine",
        "Hosting/Mvc",
        "Hosting/Endpoints",
        "Forms",
        "Administration",
        ".",
    ];

    [Test]
    public void NoRoomUsesOneBelowIt()
    {
        var graph = RoomGraph.Of("Idempotency.Filters");
        TestContext.Out.WriteLine(graph);

        var rooms = graph.References.SelectMany(reference => new[] { reference.From, reference.To }).Distinct();
        Assert.That(rooms, Is.EquivalentTo(Rooms), "a room is not in the list, or nothing uses it");
        var back = graph.References.Where(reference => Array.IndexOf(Rooms, reference.To) > Array.IndexOf(Rooms, reference.From));
        Assert.That(back.Select(reference => $"{reference.From} -> {reference.To}: {reference.Place}"), Is.Empty);
    }
}
