namespace Idempotency.Filters.Engine;

/// <summary>What the host notes while a request runs. One byte in place of four, for each covered request.</summary>
[Flags]
internal enum RequestNotes : byte
{
    None = 0,
    ActionRan = 1,
    ReachIsAssumed = 2,
    ThrewInside = 4,
    IsChallenge = 8,
}
