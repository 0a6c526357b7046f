using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Engine;

/// <summary>What became of an attempt to complete a claim.</summary>
/// <param name="Completion">The store's answer; none when the attempt goes on. Whoever takes it disposes it.</param>
/// <param name="BufferIsInUse">A call failed that may still read the record: its buffers must not be used again.</param>
/// <param name="GoesOn">The attempt goes on in the background, which ends the claim too.</param>
internal readonly record struct CompletionResult(Completion Completion, bool BufferIsInUse, bool GoesOn);
