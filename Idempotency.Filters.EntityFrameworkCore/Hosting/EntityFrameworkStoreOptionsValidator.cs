using Idempotency.Filters.EntityFrameworkCore.Store;
using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.EntityFrameworkCore.Hosting;

/// <summary>Refuses settings with which no operation could succeed, or a request would wait for ever.</summary>
internal sealed class EntityFrameworkStoreOptionsValidator : IValidateOptions<EntityFrameworkStoreOptions>
{
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromMinutes(1);

    // What a timer takes.
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromDays(24);

    public ValidateOptionsResult Validate(string? name, EntityFrameworkStoreOptions options)
    {
        var failures = new List<string>();
        if (options.OperationTimeout <= TimeSpan.Zero || options.OperationTimeout > LongestTimeout)
            Refuse("OperationTimeout", $"more than zero and at most {LongestTimeout}", options.OperationTimeout);
        if (options.CleanupInterval < ShortestInterval || options.CleanupInterval > LongestInterval)
            Refuse("CleanupInterval", $"from {ShortestInterval} to {LongestInterval}, or null", options.CleanupInterval);
        if (options.CleanupBatch < 1)
            Refuse("CleanupBatch", "at least 1", options.CleanupBatch);
        if (options.MaxKeysPerCaller < 1)
            Refuse("MaxKeysPerCaller", "at least 1, or null for no limit", options.MaxKeysPerCaller);
        if (!Enum.IsDefined(options.Claim))
            Refuse("Claim", "a ClaimMode", options.Claim);
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Refuse(string setting, string rule, object? value)
        {
            var store = new StoreName<EfIdempotencyStore>(string.IsNullOrEmpty(name) ? null : name);
            failures.Add($"Idempotency store {store}: EntityFrameworkStoreOptions.{setting} must be {rule}; it is {value}.");
        }
    }
}
