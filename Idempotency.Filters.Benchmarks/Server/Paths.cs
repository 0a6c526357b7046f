namespace Idempotency.Filters.Benchmarks.Server;

internal static class Paths
{
    public const string Bare = "/bare";
    public const string First = "/first";
    public const string Replay = "/replay";
    public const string Exempt = "/exempt";
    public const string MinimalBare = "/minimal/bare";
    public const string MinimalFirst = "/minimal/first";
    public const string MinimalReplay = "/minimal/replay";
    public const string FirstFloor = "/floor/first";
    public const string ReplayFloor = "/floor/replay";
    public const string Gated = "/gated";
    public const string BareUpload = "/upload/bare";
    public const string Upload = "/upload";
}

internal static class Policies
{
    /// <summary>
    /// Its records go as fast as they come, seconds later: the steady state of a server that has run for longer than its retention,
    /// without the memory.
    /// </summary>
    public const string ShortLived = "short-lived";

    public const string Waiting = "waiting";
}
