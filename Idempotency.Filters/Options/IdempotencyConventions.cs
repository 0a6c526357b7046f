using Idempotency.Filters.Options;

namespace Idempotency.Filters;

/// <summary>
/// The conventions of three Python packages, for APIs that move from them and whose clients shall not notice: methods, keys, waiting, status
/// codes, headers and what is kept. Their defects are left out. What is set afterwards goes over them.
/// </summary>
public static class IdempotencyConventions
{
    // The three have no limit.
    private const int AnyLength = IdempotencyOptionsValidator.LongestKey;

    /// <summary>
    /// Those of django-idempotency-key 1.3: every unsafe method needs the header <c>Idempotency-Key</c>, a replay has the status 409 and no
    /// marker, the statuses 200 to 207 are kept, and a request in flight is waited for 0.1 seconds and then answered 423.
    /// </summary>
    /// <remarks>How long it keeps a record is up to its cache, so that <see cref="IdempotencyOptions.Retention"/> is not touched.</remarks>
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
    /// Those of asgi-idempotency-header 0.2: POST and PATCH may have the header <c>Idempotency-Key</c>, which is a UUID in any of its
    /// usual forms or refused with 422, JSON is kept for 24 hours whatever its status, a replay is marked with <c>Idempotent-Replayed</c>,
    /// and a request in flight is answered 409 at once.
    /// </summary>
    /// <remarks>
    /// There, UUIDs are asked for by <c>enforce_uuid4_formatting=True</c>. Without it, set <see cref="KeyFormat.Any"/> after this call.
    /// </remarks>
    /// <param name="options">The settings to change.</param>
    public static void UseAsgiIdempotencyHeaderConventions(this IdempotencyOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);

        options.Methods = Methods("POST", "PATCH");
        options.HeaderName = "Idempotency-Key";
        options.KeySources = [];
        options.KeyRequired = false;
        options.KeyFormat = KeyFormat.LooseUuid;
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
    /// Those of flask-idempotent 0.1: every unsafe method may have a key, in the query or the form as <c>__idempotent_key</c> or in the
    /// header <c>X-Idempotent-Key</c>; every answer is kept for 240 seconds whatever its status, a replay has no marker, and a request in
    /// flight is waited for 60 seconds and then answered 408.
    /// </summary>
    /// <remarks>There, GET with a key is covered as well; here safe methods never are.</remarks>
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

    // They keep every status. These tell the client to change something other than the request and send it again: kept, they would
    // close the key to the very retry that they ask for.
    private static HashSet<int> AnyFinalStatus() => Enumerable.Range(200, 400).Except([401, 403, 408, 425, 429]).ToHashSet();
}
