using Idempotency.Filters.Redis.Store;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Redis.Hosting;

/// <summary>Refuses a time limit with which no operation could succeed, or a request would wait for ever.</summary>
internal sealed class RedisStoreOptionsValidator : IValidateOptions<RedisStoreOptions>
{
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromMinutes(1);

    public ValidateOptionsResult Validate(string? name, RedisStoreOptions options) =>
        options.OperationTimeout > TimeSpan.Zero && options.OperationTimeout <= LongestTimeout
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"Idempotency store {new RedisStoreName(string.IsNullOrEmpty(name) ? null : name)}: "
                + "RedisStoreOptions.OperationTimeout must be "
                + $"more than zero and at most {LongestTimeout}; it is {options.OperationTimeout}.");
}
