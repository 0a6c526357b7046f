using Idempotency.Filters.Redis.Store;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Shared;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Redis.Hosting;

/// <summary>
/// Refuses a time limit with which no operation could succeed, or a request would wait for ever; and a limit of the in-memory store that
/// this one cannot keep.
/// </summary>
internal sealed class RedisStoreOptionsValidator(IOptionsMonitor<MemoryStoreOptions> memory) : IValidateOptions<RedisStoreOptions>
{
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromMinutes(1);

    public ValidateOptionsResult Validate(string? name, RedisStoreOptions options)
    {
        var failures = new List<string>();
        var store = $"Idempotency store {new StoreName<RedisIdempotencyStore>(string.IsNullOrEmpty(name) ? null : name)}: ";
        if (options.OperationTimeout <= TimeSpan.Zero || options.OperationTimeout > LongestTimeout)
        {
            failures.Add(
                $"{store}RedisStoreOptions.OperationTimeout must be more than zero and at most {LongestTimeout}; it is "
                + $"{options.OperationTimeout}.");
        }

        if (memory.Get(name).MaxKeysPerCaller is not null)
        {
            failures.Add(
                store + "MemoryStoreOptions.MaxKeysPerCaller is set, and Redis cannot count the keys of a caller: on a cluster, no script "
                + "changes a count together with the key of a claim. Remove it, and limit requests where they arrive.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
