namespace Idempotency.Filters;

/// <summary>What becomes of a key whose action ran and threw, or answered 5xx.</summary>
public enum FailureBehavior
{
    /// <summary>The key is free again, and a retry runs the action again.</summary>
    Release,

    /// <summary>
    /// The key stays closed: retries get 409 <c>outcome-unknown</c>, since the action may have had its effect, until somebody resolves the
    /// key or <see cref="IdempotencyOptions.Retention"/> ends.
    /// </summary>
    Block,
}
