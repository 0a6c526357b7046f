namespace Idempotency.Filters.Records;

/// <summary>What a list shows of a record.</summary>
internal readonly record struct RecordSummary(RecordFlags Flags, DateTimeOffset Created);
