namespace Idempotency.Filters.Tests.House;

/// <summary>A place where one room uses another.</summary>
/// <param name="From">The folder of the place; "." = the root of the project.</param>
/// <param name="To">The folder of what it uses.</param>
/// <param name="Place">File, line and name.</param>
internal sealed record RoomReference(string From, string To, string Place);
