namespace Idempotency.Filters;

/// <summary>What happens to a key when its action threw or answered 5xx.</summary>
public enum FailureBehavior
{
    /// <summary>The key is freed. A retry runs the action again.</summary>
    Release,

    /// <summary>
    /// The key stays closed, because the action may have taken effect. Retries get 409 <c>outcome-unknown</c> until an operator resolves
    /// the key or <see cref="IdempotencyOptions.Retention"/> ends.
    /// </summary>
    Block,
}
