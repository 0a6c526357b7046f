namespace Idempotency.Filters.Records;

[Flags]
internal enum RecordFlags : byte
{
    None = 0,

    /// <summary>The action ran, but its response was too large to keep or was streamed.</summary>
    NotReplayable = 1,

    /// <summary>Nobody knows whether the action took effect, so retries are refused.</summary>
    OutcomeUnknown = 2,
}
