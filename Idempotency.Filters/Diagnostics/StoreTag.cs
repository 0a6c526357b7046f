namespace Idempotency.Filters.Diagnostics;

/// <summary>What metrics call a store.</summary>
internal static class StoreTag
{
    private const string Default = "(default)";

    /// <param name="name">The name that <c>AddStore</c> gave it; null = the default store.</param>
    public static string Of(string? name) => name ?? Default;
}
