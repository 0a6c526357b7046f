namespace Idempotency.Filters.CampaignTests.History;

/// <summary>How a history can break the promise.</summary>
internal enum ViolationKind
{
    /// <summary>A key has more than one effect.</summary>
    SecondEffect,

    /// <summary>Clients got different final answers to one key.</summary>
    TwoAnswers,

    /// <summary>A client got an answer to a key that has no effect.</summary>
    AnswerWithoutEffect,

    /// <summary>A client got an answer that belongs to no effect of its key.</summary>
    AnswerDiffersFromEffect,

    /// <summary>A key has an effect, and no client ever got its answer.</summary>
    Lost,

    /// <summary>A client went on asking, and never got a final answer.</summary>
    NeverAnswered,

    /// <summary>After its worker was killed, a key stayed closed for longer than its mode allows.</summary>
    ClosedTooLong,
}
