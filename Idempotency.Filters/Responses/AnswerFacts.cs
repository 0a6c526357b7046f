namespace Idempotency.Filters.Responses;

/// <summary>What the keep rule cannot see in the response itself.</summary>
internal readonly record struct AnswerFacts
{
    /// <summary>The answer is the result of a challenge or a refusal, whatever its status.</summary>
    public bool IsChallenge { get; init; }

    /// <summary>The host cannot see whether the action was reached: something between them may have answered.</summary>
    public bool ReachIsAssumed { get; init; }

    /// <summary>The whole body is held.</summary>
    public bool IsBodyWhole { get; init; }
}
