namespace Idempotency.Filters.Engine;

/// <summary>What a verdict depends on, and nothing else.</summary>
internal readonly record struct RunFacts
{
    /// <summary>The response has overflowed and is on its way: its fate was decided then.</summary>
    public bool IsOnItsWay { get; init; }

    /// <summary>The upload broke off, or was too large, while the action read it.</summary>
    public bool UploadBroke { get; init; }

    /// <summary>Manual mode: an earlier record stands.</summary>
    public bool IsRepeat { get; init; }

    /// <summary>What the action asked for.</summary>
    public KeepWish Wish { get; init; }

    /// <summary>The action itself was reached.</summary>
    public bool ActionRan { get; init; }

    /// <summary>The response is one to keep, by the action's wish or by the keep rule.</summary>
    public bool IsWanted { get; init; }

    /// <summary>There is no answer: something threw, or what was returned cannot be sent.</summary>
    public bool Threw { get; init; }

    /// <summary>
    /// The action was reached, and it or a filter around it threw. Without <see cref="Threw"/>, another filter has made that an answer.
    /// </summary>
    public bool ThrewInside { get; init; }

    /// <summary>The status says that the server failed: 500 or more.</summary>
    public bool IsServerError { get; init; }

    /// <summary>A token fired that the action was given: what it then returned may be half an answer.</summary>
    public bool TimeWasUp { get; init; }

    /// <summary>The record can hold the whole response: it fits, is not streamed, and is not framed by the action itself.</summary>
    public bool IsWhole { get; init; }

    /// <summary>The policy blocks the keys of failed actions (<see cref="FailureBehavior.Block"/>).</summary>
    public bool BlocksFailures { get; init; }
}
