namespace Idempotency.Filters.Benchmarks.Support;

/// <summary>What was asked for cannot be done. Its message tells who asked what to change.</summary>
internal sealed class UsageException(string message) : Exception(message);
