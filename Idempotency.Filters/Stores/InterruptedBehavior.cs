namespace Idempotency.Filters;

/// <summary>What becomes of a key whose process died, hung, or lost its store while the action ran.</summary>
public enum InterruptedBehavior
{
    /// <summary>When the lease has run out, the next retry runs the action again.</summary>
    Retry,

    /// <summary>
    /// The key stays closed: retries get 409 <c>outcome-unknown</c>, since the action may have had its effect, until somebody resolves the
    /// key or <see cref="IdempotencyOptions.Retention"/> ends.
    /// </summary>
    Block,
}
