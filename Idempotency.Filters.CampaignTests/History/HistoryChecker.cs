namespace Idempotency.Filters.CampaignTests.History;

/// <summary>
/// Checks a history against the promise. Each key is a register that is written at most once: at most one effect, one answer, no answer
/// without an effect, and no effect without its answer.
/// </summary>
internal static class HistoryChecker
{
    /// <param name="history">What was logged.</param>
    /// <param name="allowedClosure">How long a key may stay closed after the worker that had it was killed.</param>
    public static IReadOnlyList<Violation> Check(CampaignHistory history, TimeSpan allowedClosure) =>
    [
        .. history.Keys.Values.SelectMany(Check),
        .. history.Closures()
            .Where(closure => closure.Time > allowedClosure)
            .Select(closure => new Violation(ViolationKind.ClosedTooLong, closure.Key, $"{closure.Time}, allowed: {allowedClosure}")),
    ];

    private static IEnumerable<Violation> Check(KeyHistory key)
    {
        Violation Found(ViolationKind kind, string details) => new(kind, key.Key, details);

        var effects = key.Effects.Select(effect => effect.Answer).ToList();
        var answers = key.Answers.Select(answer => answer.Answer).Distinct().ToList();
        if (effects.Count > 1)
            yield return Found(ViolationKind.SecondEffect, string.Join(", ", effects));
        if (answers.Count > 1)
            yield return Found(ViolationKind.TwoAnswers, string.Join(", ", answers));
        if (effects.Count == 0 && answers.Count > 0)
            yield return Found(ViolationKind.AnswerWithoutEffect, string.Join(", ", answers));
        if (effects.Count > 0 && answers.Except(effects).ToList() is { Count: > 0 } strange)
            yield return Found(ViolationKind.AnswerDiffersFromEffect, $"{string.Join(", ", strange)}, not {string.Join(", ", effects)}");
        if (effects.Count > 0 && answers.Count == 0 && !key.IsBlocked)
            yield return Found(ViolationKind.Lost, string.Join(", ", effects));
        foreach (var client in key.Unanswered)
            yield return Found(ViolationKind.NeverAnswered, $"client {client}");
    }
}
