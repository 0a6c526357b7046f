namespace Idempotency.Filters.Engine;

/// <summary>What becomes of a key when its handler has ended.</summary>
internal enum Verdict
{
    /// <summary>It is free again, or its earlier record stands.</summary>
    Release,

    /// <summary>Retries get the response.</summary>
    Keep,

    /// <summary>Retries learn that the action ran, and that its response is gone.</summary>
    KeepNotReplayable,

    /// <summary>Retries learn that the action may have had its effect, and that nobody knows.</summary>
    Block,
}
