using System.Globalization;
using Idempotency.Filters.Keys;
using Idempotency.Filters.Policies;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters;

/// <summary>
/// The action, every covered action of the controller, or the Razor Page runs once for one key and one caller; retries get the first
/// answer. What is set here goes over the policy.
/// </summary>
/// <remarks>
/// On a Minimal API endpoint it is metadata for <c>RequireIdempotency()</c>, without which it would do nothing and is refused at start.
/// A marker on an action goes over one on its controller, and a derived type's over its base's.
/// </remarks>
/// <param name="policy">The name of a policy given to <c>AddPolicy</c>; null = the settings of <c>AddIdempotency</c>.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public class IdempotentAttribute(string? policy = null) : Attribute, IIdempotencyMarker, IFilterFactory
{
    private Action<IdempotencyOptions>? _overrides;

    /// <summary>The name of the policy; null = the settings of <c>AddIdempotency</c>.</summary>
    public string? Policy { get; } = policy;

    /// <summary>As <see cref="IdempotencyOptions.KeyRequired"/>.</summary>
    public bool KeyRequired { get; set => Set(field = value, (o, v) => o.KeyRequired = v); } = true;

    /// <summary>
    /// As <see cref="IdempotencyOptions.HeaderName"/>. Refused at start where the policy has <see cref="IdempotencyOptions.KeySources"/>
    /// without it.
    /// </summary>
    public string? HeaderName { get; set => Set(field = value, SetHeader); }

    /// <summary>As <see cref="IdempotencyOptions.KeyFormat"/>.</summary>
    public KeyFormat KeyFormat { get; set => Set(field = value, (o, v) => o.KeyFormat = v); }

    /// <summary>As <see cref="IdempotencyOptions.Methods"/>, which it replaces.</summary>
    public string[]? Methods
    {
        get;
        set => Set(field = value, (o, v) => o.Methods = new HashSet<string>(v ?? [], StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>As <see cref="IdempotencyOptions.Retention"/>, in seconds; <see cref="double.PositiveInfinity"/> = for ever.</summary>
    public double RetentionSeconds { get; set => Set(field = value, (o, v) => o.Retention = Limit(v, nameof(RetentionSeconds))); }

    /// <summary>As <see cref="IdempotencyOptions.Lease"/>, in seconds; longer than the <c>OperationTimeout</c> of its store.</summary>
    public double LeaseSeconds { get; set => Set(field = value, (o, v) => o.Lease = Seconds(v, nameof(LeaseSeconds))); }

    /// <summary>
    /// As <see cref="IdempotencyOptions.MaxExecutionTime"/>, in seconds; <see cref="double.PositiveInfinity"/> = no limit.
    /// </summary>
    public double MaxExecutionSeconds
    {
        get;
        set => Set(field = value, (o, v) => o.MaxExecutionTime = Limit(v, nameof(MaxExecutionSeconds)));
    }

    /// <summary>As <see cref="IdempotencyOptions.MaxResponseBodySize"/>.</summary>
    public int MaxResponseBodySize { get; set => Set(field = value, (o, v) => o.MaxResponseBodySize = v); }

    /// <summary>As <see cref="IdempotencyOptions.WhenInFlight"/>.</summary>
    public InFlightBehavior WhenInFlight { get; set => Set(field = value, (o, v) => o.WhenInFlight = v); }

    /// <summary>As <see cref="IdempotencyOptions.WaitTimeout"/>, in seconds.</summary>
    public double WaitTimeoutSeconds { get; set => Set(field = value, (o, v) => o.WaitTimeout = Seconds(v, nameof(WaitTimeoutSeconds))); }

    /// <summary>As <see cref="IdempotencyOptions.WhenInterrupted"/>.</summary>
    public InterruptedBehavior WhenInterrupted { get; set => Set(field = value, (o, v) => o.WhenInterrupted = v); }

    /// <summary>As <see cref="IdempotencyOptions.WhenFailed"/>.</summary>
    public FailureBehavior WhenFailed { get; set => Set(field = value, (o, v) => o.WhenFailed = v); }

    bool IFilterFactory.IsReusable => true;

    Action<IdempotencyOptions>? IIdempotencyMarker.Overrides => _overrides;

    IdempotencyMode IIdempotencyMarker.Mode => Mode;

    private protected virtual IdempotencyMode Mode => IdempotencyMode.Replay;

    IFilterMetadata IFilterFactory.CreateInstance(IServiceProvider serviceProvider) => new IdempotencyFilter(serviceProvider);

    private static TimeSpan? Limit(double value, string name) => double.IsPositiveInfinity(value) ? null : Seconds(value, name);

    private static TimeSpan Seconds(double value, string name) =>
        Math.Abs(value) < TimeSpan.MaxValue.TotalSeconds
            ? TimeSpan.FromSeconds(value)
            : throw new InvalidOperationException(
                $"{name} is {value.ToString(CultureInfo.InvariantCulture)}: it must be a number of seconds.");

    private static void SetHeader(IdempotencyOptions options, string? name)
    {
        options.HeaderName = name!;
        if (options.KeySources is { Count: > 0 } sources && !sources.OfType<HeaderKeySource>().Any(source => source.IsNamed(name)))
        {
            throw new InvalidOperationException(
                $"HeaderName '{name}' would do nothing, because the policy names its KeySources: "
                + $"remove it, or add KeySource.Header(\"{name}\") to them.");
        }
    }

    // Only what was set goes over the policy: an attribute cannot have nullable properties.
    private void Set<T>(T value, Action<IdempotencyOptions, T> apply) => _overrides += options => apply(options, value);
}
