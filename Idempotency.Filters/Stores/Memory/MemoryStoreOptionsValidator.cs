using System.Globalization;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Stores.Memory;

/// <summary>Refuses limits that leave no room for any key.</summary>
internal sealed class MemoryStoreOptionsValidator : IValidateOptions<MemoryStoreOptions>
{
    private const int SmallestMaxBytes = 64 * 1024;

    public ValidateOptionsResult Validate(string? name, MemoryStoreOptions options)
    {
        var failures = new List<string>();
        if (options.MaxEntries < 1)
            failures.Add($"MaxEntries must be 1 or more; it is {options.MaxEntries}.");
        if (options.MaxBytes < SmallestMaxBytes)
            failures.Add(TooFewBytes(options.MaxBytes));
        if (options.MaxKeysPerCaller < 1)
            failures.Add($"MaxKeysPerCaller must be 1 or more, or null for no limit; it is {options.MaxKeysPerCaller}.");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static string TooFewBytes(long bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"MaxBytes must be {SmallestMaxBytes:N0} or more; it is {bytes}.");
}
