namespace Idempotency.Filters.TestSupport;

/// <summary>What happens to one call to something that a store depends on.</summary>
internal enum Fault
{
    None,

    /// <summary>The call throws without taking effect.</summary>
    Fails,

    /// <summary>The call takes effect and then throws.</summary>
    LosesReply,

    /// <summary>The call hangs until <see cref="Chaos.Resume"/>, and takes effect only then.</summary>
    Hangs,
}
