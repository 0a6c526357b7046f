using Idempotency.Filters.Primitives;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters.Options;

/// <summary>Rejects settings that contradict each other or cannot work. Each message names the option and says what to change.</summary>
internal sealed class IdempotencyOptionsValidator : IValidateOptions<IdempotencyOptions>
{
    // Many servers accept at most 8 KiB of headers, so a longer key would not arrive.
    public const int LongestKey = 8192;

    private const long LeastPendingBytes = 64 * 1024;

    public ValidateOptionsResult Validate(string? name, IdempotencyOptions options)
    {
        var failures = Check(options);
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    public static List<string> Check(IdempotencyOptions options)
    {
        var failures = new List<string>();
        CheckKey(options, failures);
        CheckKeySources(options, failures);
        CheckTimes(options, failures);
        CheckSizes(options, failures);
        CheckEnums(options, failures);
        CheckStatusCodes(options, failures);
        CheckContentTypes(options, failures);
        HashingOptionsCheck.Check(options, failures);
        return failures;
    }

    private static void CheckKey(IdempotencyOptions options, List<string> failures)
    {
        if (!HttpToken.IsValid(options.HeaderName))
            failures.Add($"HeaderName '{options.HeaderName}' is not a header name: use letters, digits and hyphens.");
        if (options.ReplayedHeaderName is not null && !HttpToken.IsValid(options.ReplayedHeaderName))
        {
            failures.Add(
                $"ReplayedHeaderName '{options.ReplayedHeaderName}' is not a header name: "
                + "use letters, digits and hyphens, or null for no marker.");
        }

        if (options.MaxKeyLength is < 1 or > LongestKey)
            failures.Add($"MaxKeyLength is {options.MaxKeyLength}: it must be from 1 to {LongestKey}.");
        if (options.KeyFormat is KeyFormat.Uuid or KeyFormat.UuidV4 or KeyFormat.LooseUuid && options.MaxKeyLength < 36)
            failures.Add($"MaxKeyLength is {options.MaxKeyLength}, but KeyFormat {options.KeyFormat} needs 36.");
        if (options.DocumentationUri is { IsAbsoluteUri: false } page)
            failures.Add($"DocumentationUri '{page}' is relative: set an absolute one, which clients can follow.");
        if (options.Methods is null or { Count: 0 })
            failures.Add("Methods is empty, so nothing would be covered: name at least one method, or do not apply idempotency here.");
        foreach (var method in options.Methods ?? new HashSet<string>())
        {
            if (SafeMethods.Contain(method))
                failures.Add($"Methods contains '{method}', which is safe to repeat and is never covered: remove it.");
            else if (!HttpToken.IsValid(method))
                failures.Add($"Methods contains '{method}', which is not an HTTP method: remove it.");
        }
    }

    private static void CheckKeySources(IdempotencyOptions options, List<string> failures)
    {
        if (options.KeySources is null)
            failures.Add("KeySources is null: use an empty list to read the key from the header HeaderName.");
        foreach (var source in options.KeySources ?? [])
        {
            if (source is null)
                failures.Add("KeySources contains null: remove it.");
            else if (source.Defect is { } defect)
                failures.Add($"KeySources contains {source}: {defect}");
        }
    }

    private static void CheckTimes(IdempotencyOptions options, List<string> failures)
    {
        if (options.Lease < TimeSpan.FromSeconds(1) || options.Lease > TimeSpan.FromDays(1))
            failures.Add($"Lease is {options.Lease}: it must be from 1 second to 1 day.");
        if (options.Retention <= TimeSpan.Zero)
            failures.Add($"Retention is {options.Retention}: it must be more than zero, or null to keep records for ever.");
        else if (options.Lease > options.Retention)
            failures.Add($"Lease ({options.Lease}) is longer than Retention ({options.Retention}): shorten Lease or lengthen Retention.");
        CheckPositive(nameof(options.MaxExecutionTime), options.MaxExecutionTime, failures);
        CheckPositive(nameof(options.BodyReadTimeout), options.BodyReadTimeout, failures);
        CheckPositive(nameof(options.RequestDrainTimeout), options.RequestDrainTimeout, failures);
        CheckPositive(nameof(options.WaitTimeout), options.WaitTimeout, failures);
        if (options.RetryAfter < TimeSpan.FromSeconds(1))
            failures.Add($"RetryAfter is {options.RetryAfter}: it must be 1 second or more.");
    }

    // The longest time that a .NET timer accepts.
    private static void CheckPositive(string name, TimeSpan? value, List<string> failures)
    {
        if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(49))
            failures.Add($"{name} is {value}: it must be more than zero and not more than 49 days.");
    }

    private static void CheckSizes(IdempotencyOptions options, List<string> failures)
    {
        if (options.MaxResponseBodySize < 0)
            failures.Add($"MaxResponseBodySize is {options.MaxResponseBodySize}: it must be 0 or more.");
        if (options.MaxComparedBodySize < 0)
        {
            failures.Add(
                $"MaxComparedBodySize is {options.MaxComparedBodySize}: it must be 0 or more, or null for the server's own limit.");
        }

        if (options.MaxBufferedBodySize < 0)
            failures.Add($"MaxBufferedBodySize is {options.MaxBufferedBodySize}: it must be 0 or more.");
        if (options.MaxPendingBytes < LeastPendingBytes)
            failures.Add($"MaxPendingBytes is {options.MaxPendingBytes}: it must be {LeastPendingBytes} (64 KiB) or more.");
    }

    private static void CheckEnums(IdempotencyOptions options, List<string> failures)
    {
        CheckEnum(nameof(options.KeyFormat), options.KeyFormat, failures);
        CheckEnum(nameof(options.WhenInFlight), options.WhenInFlight, failures);
        CheckEnum(nameof(options.WhenInterrupted), options.WhenInterrupted, failures);
        CheckEnum(nameof(options.WhenFailed), options.WhenFailed, failures);
        CheckEnum(nameof(options.WhenStoreIsDown), options.WhenStoreIsDown, failures);
        CheckEnum(nameof(options.AnonymousCallers), options.AnonymousCallers, failures);
        if (options is { Transactional: true, WhenStoreIsDown: StoreDownBehavior.Execute })
        {
            failures.Add(
                "WhenStoreIsDown is Execute, but Transactional promises that the action and its record are committed together: set "
                + "WhenStoreIsDown to Reject, or Transactional to false.");
        }
    }

    private static void CheckEnum<T>(string name, T value, List<string> failures) where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
            failures.Add($"{name} is {value}: it must be one of {string.Join(", ", Enum.GetNames<T>())}.");
    }

    private static void CheckStatusCodes(IdempotencyOptions options, List<string> failures)
    {
        CheckStatus("StatusCodes.KeyMissing", options.StatusCodes.KeyMissing, 400, failures);
        CheckStatus("StatusCodes.KeyMalformed", options.StatusCodes.KeyMalformed, 400, failures);
        CheckStatus("StatusCodes.CallerAnonymous", options.StatusCodes.CallerAnonymous, 400, failures);
        CheckStatus("StatusCodes.KeyReused", options.StatusCodes.KeyReused, 400, failures);
        CheckStatus("StatusCodes.InFlight", options.StatusCodes.InFlight, 400, failures);
        CheckStatus("StatusCodes.NotReplayable", options.StatusCodes.NotReplayable, 400, failures);
        CheckStatus("StatusCodes.OutcomeUnknown", options.StatusCodes.OutcomeUnknown, 400, failures);
        CheckStatus("StatusCodes.BodyTooLarge", options.StatusCodes.BodyTooLarge, 400, failures);
        CheckStatus("StatusCodes.BodyTooSlow", options.StatusCodes.BodyTooSlow, 400, failures);
        CheckStatus("StatusCodes.StoreUnavailable", options.StatusCodes.StoreUnavailable, 400, failures);
        CheckStatus("StatusCodes.TooManyKeys", options.StatusCodes.TooManyKeys, 400, failures);
        CheckStatus("StatusCodes.TransactionConflict", options.StatusCodes.TransactionConflict, 400, failures);
        CheckStatus("StatusCodes.RolledBack", options.StatusCodes.RolledBack, 400, failures);
        CheckStatus(nameof(options.ReplayStatusCode), options.ReplayStatusCode ?? 200, 200, failures);
        if (options.StoreStatusCodes is { Count: 0 })
            failures.Add("StoreStatusCodes is empty, so nothing would be kept: name the statuses to keep, or set null for the default.");
        foreach (var status in options.StoreStatusCodes ?? new HashSet<int>())
            CheckStatus(nameof(options.StoreStatusCodes), status, 200, failures);
    }

    // A type that no response can have would keep nothing, and every retry would run the action again.
    private static void CheckContentTypes(IdempotencyOptions options, List<string> failures)
    {
        if (options.StoreContentTypes is null)
            failures.Add("StoreContentTypes is null: use an empty list to keep all.");
        foreach (var type in options.StoreContentTypes ?? [])
        {
            if (!MediaTypeHeaderValue.TryParse(type, out _))
            {
                failures.Add(
                    $"StoreContentTypes contains '{type}', which is not a media type: write it as application/json or application/*.");
            }
        }
    }

    private static void CheckStatus(string name, int status, int lowest, List<string> failures)
    {
        if (status < lowest || status > 599)
            failures.Add($"{name} is {status}: it must be from {lowest} to 599.");
    }
}
