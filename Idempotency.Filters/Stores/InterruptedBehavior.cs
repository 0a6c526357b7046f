namespace Idempotency.Filters;

/// <summary>What happens to a key when its process died, hung, or lost the store while the action ran.</summary>
public enum InterruptedBehavior
{
    /// <summary>Once the lease has run out, the next retry runs the action again.</summary>
    Retry,

    /// <summary>
    /// The key stays closed, because the action may have taken effect. Retries get 409 <c>outcome-unknown</c> until an operator resolves
    /// the key or <see cref="IdempotencyOptions.Retention"/> ends.
    /// </summary>
    Block,
}
