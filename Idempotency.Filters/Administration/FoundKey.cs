using Idempotency.Filters.Records;

namespace Idempotency.Filters;

/// <summary>What is known of a key that is not free.</summary>
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

    /// <summary>What the next request with the key meets.</summary>
    public FoundKeyState State { get; }

    /// <summary>
    /// When the action ended, or an operator resolved the key, by the clock of the process that recorded it; null without a readable record.
    /// </summary>
    public DateTimeOffset? Created { get; }

    /// <summary>The answer that retries get; null unless <see cref="FoundKeyState.Completed"/>.</summary>
    public StoredResponse? Response { get; }
}
