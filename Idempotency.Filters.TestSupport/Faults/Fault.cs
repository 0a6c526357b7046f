namespace Idempotency.Filters.TestSupport;

/// <summary>What becomes of one call of something that a store depends on.</summary>
internal enum Fault
{
    None,

    /// <summary>It throws, and nothing happens.</summary>
    Fails,

    /// <summary>It takes effect, and throws.</summary>
    LosesReply,

    /// <summary>It does not answer until <see cref="Chaos.Resume"/>, and takes effect only then.</summary>
    Hangs,
}
