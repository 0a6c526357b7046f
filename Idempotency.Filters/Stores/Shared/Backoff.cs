namespace Idempotency.Filters.Stores.Shared;

/// <summary>Pauses between attempts: each is twice the last, up to a longest one.</summary>
internal static class Backoff
{
    public static TimeSpan After(TimeSpan pause, TimeSpan longest) => pause * 2 < longest ? pause * 2 : longest;
}
