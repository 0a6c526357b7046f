namespace Idempotency.Filters;

/// <summary>What becomes of a key whose process died, hung, or lost its store while the action ran.</summary>
public enum InterruptedBehavior
{
    /// <summary>When the lease has run out, the next retry runs the action again.</summary>
    Retry,

    /// <summary>Retries are refused with 409 <c>outcome-unknown</c>, since the action may have had its effect.</summary>
    Refuse,
}
