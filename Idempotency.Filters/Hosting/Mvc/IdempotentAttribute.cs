using System.Globalization;
using Idempotency.Filters.Keys;
using Idempotency.Filters.Policies;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Idempotency.Filters;

/// <summary>
/// Makes the action, each covered action of the controller, or the Razor Page run once per key and caller. Retries get the first answer.
/// </summary>
/// <remarks>
/// <para>
/// Properties that are set override the policy. A property that is not set leaves the policy's value; reading it does not return that
/// value. Values are checked at start.
/// </para>
/// <para>
/// A marker on an action overrides one on its controller, and a derived type's marker overrides its base type's. On a Minimal API endpoint
/// the attribute only configures <c>RequireIdempotency()</c>; without that call the application does not start.
/// </para>
/// </remarks>
/// <param name="policy">The name of a policy added with <c>AddPolicy</c>; null = the settings of <c>AddIdempotency</c>.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public class IdempotentAttribute(string? policy = null) : Attribute, IIdempotencyMarker, IFilterFactory
{
    private Action<IdempotencyOptions>? _overrides;

    /// <summary>The name of the policy; null = the settings of <c>AddIdempotency</c>.</summary>
    public string? Policy { get; } = policy;

    /// <summary>
    /// True: a covered request without a key gets 400 <c>key-missing</c>. False: it runs unprotected. Not set: as in the policy, true by
    /// default. See <see cref="IdempotencyOptions.KeyRequired"/>.
    /// </summary>
    public bool KeyRequired { get; set => Set(field = value, (o, v) => o.KeyRequired = v); } = true;

    /// <summary>
    /// The request header that carries the key. Not set: as in the policy, <c>Idempotency-Key</c> by default. The application does not
    /// start if the policy sets <see cref="IdempotencyOptions.KeySources"/> without this header. See
    /// <see cref="IdempotencyOptions.HeaderName"/>.
    /// </summary>
    public string? HeaderName { get; set => Set(field = value, SetHeader); }

    /// <summary>
    /// Which keys are accepted; others get 400 <c>key-malformed</c>. Not set: as in the policy, <see cref="KeyFormat.Any"/> by default. See
    /// <see cref="IdempotencyOptions.KeyFormat"/>.
    /// </summary>
    public KeyFormat KeyFormat { get; set => Set(field = value, (o, v) => o.KeyFormat = v); }

    /// <summary>
    /// The covered HTTP methods, in place of those of the policy; GET, HEAD, OPTIONS and TRACE are not allowed. Not set: as in the policy,
    /// POST and PATCH by default. See <see cref="IdempotencyOptions.Methods"/>.
    /// </summary>
    public string[]? Methods
    {
        get;
        set => Set(field = value, (o, v) => o.Methods = new HashSet<string>(v ?? [], StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>
    /// How long a record is kept after the action completed, in seconds; more than zero, <see cref="double.PositiveInfinity"/> = for ever.
    /// Not set: as in the policy, 86,400 (24 hours) by default. See <see cref="IdempotencyOptions.Retention"/>.
    /// </summary>
    public double RetentionSeconds { get; set => Set(field = value, (o, v) => o.Retention = Limit(v, nameof(RetentionSeconds))); }

    /// <summary>
    /// How long a key stays closed after the process that runs its action dies, hangs or loses the store, in seconds; 1 to 86,400, and
    /// longer than the <c>OperationTimeout</c> of the store. Not set: as in the policy, 30 by default. See
    /// <see cref="IdempotencyOptions.Lease"/>.
    /// </summary>
    public double LeaseSeconds { get; set => Set(field = value, (o, v) => o.Lease = Seconds(v, nameof(LeaseSeconds))); }

    /// <summary>
    /// How long the action may run, in seconds, before <c>RequestAborted</c> fires and the lease is no longer renewed; more than zero, at
    /// most 49 days, <see cref="double.PositiveInfinity"/> = no limit. Not set: as in the policy, 300 by default. See
    /// <see cref="IdempotencyOptions.MaxExecutionTime"/>.
    /// </summary>
    public double MaxExecutionSeconds
    {
        get;
        set => Set(field = value, (o, v) => o.MaxExecutionTime = Limit(v, nameof(MaxExecutionSeconds)));
    }

    /// <summary>
    /// The largest response body that is kept, in bytes; 0 or more. Retries of a request with a larger response get 409
    /// <c>not-replayable</c>. Not set: as in the policy, 1,048,576 (1 MiB) by default. See
    /// <see cref="IdempotencyOptions.MaxResponseBodySize"/>.
    /// </summary>
    public int MaxResponseBodySize { get; set => Set(field = value, (o, v) => o.MaxResponseBodySize = v); }

    /// <summary>
    /// What a request gets while another request with its key is running. Not set: as in the policy, <see cref="InFlightBehavior.Reject"/>
    /// by default. See <see cref="IdempotencyOptions.WhenInFlight"/>.
    /// </summary>
    public InFlightBehavior WhenInFlight { get; set => Set(field = value, (o, v) => o.WhenInFlight = v); }

    /// <summary>
    /// How long <see cref="InFlightBehavior.Wait"/> waits before it answers 409 <c>in-flight</c>, in seconds; more than zero, at most 49
    /// days. Not set: as in the policy, 30 by default. See <see cref="IdempotencyOptions.WaitTimeout"/>.
    /// </summary>
    public double WaitTimeoutSeconds { get; set => Set(field = value, (o, v) => o.WaitTimeout = Seconds(v, nameof(WaitTimeoutSeconds))); }

    /// <summary>
    /// What happens to a key whose process died, hung, or lost the store while it ran the action. Not set: as in the policy,
    /// <see cref="InterruptedBehavior.Retry"/> by default. See <see cref="IdempotencyOptions.WhenInterrupted"/>.
    /// </summary>
    public InterruptedBehavior WhenInterrupted { get; set => Set(field = value, (o, v) => o.WhenInterrupted = v); }

    /// <summary>
    /// What happens to a key whose action threw or answered 5xx. Not set: as in the policy, <see cref="FailureBehavior.Release"/> by
    /// default. See <see cref="IdempotencyOptions.WhenFailed"/>.
    /// </summary>
    public FailureBehavior WhenFailed { get; set => Set(field = value, (o, v) => o.WhenFailed = v); }

    /// <summary>
    /// Whether the record is committed together with what the action writes to the database. Not set: as in the policy, false by default.
    /// See <see cref="IdempotencyOptions.Transactional"/>.
    /// </summary>
    public bool Transactional { get; set => Set(field = value, (o, v) => o.Transactional = v); }

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
                $"{name} is {value.ToString(CultureInfo.InvariantCulture)}: it must be a number of seconds that a TimeSpan can hold.");

    private static void SetHeader(IdempotencyOptions options, string? name)
    {
        options.HeaderName = name!;
        if (options.KeySources is { Count: > 0 } sources && !sources.OfType<HeaderKeySource>().Any(source => source.IsNamed(name)))
        {
            throw new InvalidOperationException(
                $"HeaderName '{name}' would have no effect, because the policy sets KeySources without it: "
                + $"remove HeaderName, or add KeySource.Header(\"{name}\") to KeySources.");
        }
    }

    // Records each setter call, because an attribute cannot have nullable properties to tell "not set" from a value.
    private void Set<T>(T value, Action<IdempotencyOptions, T> apply) => _overrides += options => apply(options, value);
}
