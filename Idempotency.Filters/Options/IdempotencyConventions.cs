using Idempotency.Filters.Options;

namespace Idempotency.Filters;

/// <summary>
/// The conventions of three Python packages, for APIs that move from them without their clients noticing. Each method sets the covered
/// methods, keys, waiting, status codes, headers and what is kept; the packages' defects are left out. Later settings override it.
/// </summary>
public static class IdempotencyConventions
{
    // None of the three packages limits the length.
    private const int AnyLength = IdempotencyOptionsValidator.LongestKey;

    /// <summary>
    /// Sets the conventions of django-idempotency-key 1.3. POST, PUT, PATCH and DELETE need the header <c>Idempotency-Key</c>. A replay has
    /// status 409 and no marker. Responses with status 200 to 207 are kept. A request whose key is in flight waits 0.1 seconds, then gets
    /// 423.
    /// </summary>
    /// <remarks>
    /// Leaves <see cref="IdempotencyOptions.Retention"/> alone, because the package leaves it to its cache.
    /// </remarks>
    /// <param name="options">The settings to change.</param>
    public static void UseDjangoIdempotencyKeyConventions(this IdempotencyOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);

        options.Methods = Methods("POST", "PUT", "PATCH", "DELETE");
        options.HeaderName = "Idempotency-Key";
        options.KeySources = [];
        options.KeyRequired = true;
        options.StatusCodes.KeyMissing = StatusCodes.Status400BadRequest;
        options.KeyFormat = KeyFormat.Any;
        options.MaxKeyLength = AnyLength;
        options.StatusCodes.KeyMalformed = StatusCodes.Status400BadRequest;

        options.WhenInFlight = InFlightBehavior.Wait;
        options.WaitTimeout = TimeSpan.FromSeconds(0.1);
        options.StatusCodes.InFlight = StatusCodes.Status423Locked;

        options.ReplayStatusCode = StatusCodes.Status409Conflict;
        options.ReplayedHeaderName = null;
        options.ShouldStore = null;
        options.StoreStatusCodes = Enumerable.Range(200, 8).ToHashSet();
        options.StoreContentTypes = [];
    }

    /// <summary>
    /// Sets the conventions of asgi-idempotency-header 0.2. POST and PATCH may have the header <c>Idempotency-Key</c>. A malformed key gets
    /// 422. JSON responses are kept for 24 hours whatever their status, except those outside 200 to 599 and those that ask for the same
    /// operation again, such as 401 and 429 (listed at <see cref="IdempotencyOptions.StoreStatusCodes"/>). A replay is marked with
    /// <c>Idempotent-Replayed</c>. A request whose key is in flight gets 409 at once.
    /// </summary>
    /// <param name="options">The settings to change.</param>
    /// <param name="enforceUuid">
    /// The setting <c>enforce_uuid4_formatting</c> of the package. True: a key that is not a UUID (<see cref="KeyFormat.LooseUuid"/>) gets
    /// 422. False: <see cref="KeyFormat.Any"/>. Default false, as in the package.
    /// </param>
    public static void UseAsgiIdempotencyHeaderConventions(this IdempotencyOptions options, bool enforceUuid = false)
    {
        ArgumentNullException.ThrowIfNull(options);

        options.Methods = Methods("POST", "PATCH");
        options.HeaderName = "Idempotency-Key";
        options.KeySources = [];
        options.KeyRequired = false;
        options.KeyFormat = enforceUuid ? KeyFormat.LooseUuid : KeyFormat.Any;
        options.MaxKeyLength = AnyLength;
        options.StatusCodes.KeyMalformed = StatusCodes.Status422UnprocessableEntity;

        options.WhenInFlight = InFlightBehavior.Reject;
        options.StatusCodes.InFlight = StatusCodes.Status409Conflict;

        options.ReplayStatusCode = null;
        options.ReplayedHeaderName = "Idempotent-Replayed";
        options.ShouldStore = null;
        options.StoreStatusCodes = AnyFinalStatus();
        options.StoreContentTypes = ["application/json"];
        options.Retention = TimeSpan.FromHours(24);
    }

    /// <summary>
    /// Sets the conventions of flask-idempotent 0.1. POST, PUT, PATCH and DELETE may have a key: in the query or the form as
    /// <c>__idempotent_key</c>, or in the header <c>X-Idempotent-Key</c>. Responses are kept for 240 seconds whatever their status, except
    /// those outside 200 to 599 and those that ask for the same operation again, such as 401 and 429 (listed at
    /// <see cref="IdempotencyOptions.StoreStatusCodes"/>). A replay has no marker. A request whose key is in flight waits 60 seconds, then
    /// gets 408.
    /// </summary>
    /// <remarks>The package also covers GET with a key. This library never covers safe methods.</remarks>
    /// <param name="options">The settings to change.</param>
    public static void UseFlaskIdempotentConventions(this IdempotencyOptions options)
    {
        const string Field = "__idempotent_key";
        const string Header = "X-Idempotent-Key";
        ArgumentNullException.ThrowIfNull(options);

        options.Methods = Methods("POST", "PUT", "PATCH", "DELETE");
        options.HeaderName = Header;
        options.KeySources = [KeySource.Query(Field), KeySource.FormField(Field), KeySource.Header(Header)];
        options.KeyRequired = false;
        options.KeyFormat = KeyFormat.Any;
        options.MaxKeyLength = AnyLength;
        options.StatusCodes.KeyMalformed = StatusCodes.Status400BadRequest;

        options.WhenInFlight = InFlightBehavior.Wait;
        options.WaitTimeout = TimeSpan.FromSeconds(60);
        options.StatusCodes.InFlight = StatusCodes.Status408RequestTimeout;

        options.ReplayStatusCode = null;
        options.ReplayedHeaderName = null;
        options.ShouldStore = null;
        options.StoreStatusCodes = AnyFinalStatus();
        options.StoreContentTypes = [];
        options.Retention = TimeSpan.FromSeconds(240);
    }

    private static HashSet<string> Methods(params string[] methods) => new(methods, StringComparer.OrdinalIgnoreCase);

    // The packages keep every status, and so refuse the client that does as a 401 or a 429 tells it.
    private static HashSet<int> AnyFinalStatus() => Enumerable.Range(200, 400).Where(status => !RetryStatuses.Contains(status)).ToHashSet();
}
