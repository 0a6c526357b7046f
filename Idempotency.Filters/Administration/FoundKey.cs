using Idempotency.Filters.Records;

namespace Idempotency.Filters;

/// <summary>What is known about a key that is not free.</summary>
public sealed class FoundKey
{
    internal FoundKey(FoundKeyState state) => State = state;

    internal FoundKey(FoundKeyState state, in ResponseRecord record)
        : this(state)
    {
        Created = record.Created;
        if (state is FoundKeyState.Completed)
            Response = new StoredResponse(record);
    }

    /// <summary>The state of the key, which decides what the next request with it gets.</summary>
    public FoundKeyState State { get; }

    /// <summary>
    /// When the action ended or an operator resolved the key, by the clock of the process that wrote the record; null if there is no
    /// readable record.
    /// </summary>
    public DateTimeOffset? Created { get; }

    /// <summary>The answer that retries get; null unless the state is <see cref="FoundKeyState.Completed"/>.</summary>
    public StoredResponse? Response { get; }

    internal static FoundKeyState StateOf(RecordFlags flags)
    {
        if (flags.HasFlag(RecordFlags.OutcomeUnknown))
            return FoundKeyState.Failed;

        return flags.HasFlag(RecordFlags.NotReplayable) ? FoundKeyState.NotReplayable : FoundKeyState.Completed;
    }
}
