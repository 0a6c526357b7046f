namespace Idempotency.Filters.Engine;

/// <summary>
/// What flows with the run of a request, so that <see cref="IIdempotencyContext"/> finds it. Only the flow of its own run sees a request:
/// those of a batch may share one scope of services, and run at the same time.
/// </summary>
/// <remarks>Work that the action leaves behind keeps this object alive, but neither the request nor its HTTP context.</remarks>
internal sealed class AmbientRequest
{
    private static readonly AsyncLocal<AmbientRequest?> Ambient = new();

    private IdempotentRequest? _request;

    // What IHttpContextAccessor had when the run began. Some frameworks do not tell it of a sub-request.
    private HttpContext? _enteredIn;

    private AmbientRequest(IdempotentRequest request, IHttpContextAccessor? accessor)
    {
        _request = request;
        _enteredIn = accessor?.HttpContext;
    }

    /// <summary>
    /// Begins a run. Call it, directly or not, from the async method that calls the handler: its flow alone sees the request.
    /// </summary>
    public static AmbientRequest Begin(IdempotentRequest request, IHttpContextAccessor? accessor) =>
        Ambient.Value = new AmbientRequest(request, accessor);

    /// <summary>The request whose handler this code belongs to; null when no covered handler runs it.</summary>
    /// <param name="accessor">Says when the code has moved on to another request, one that is not covered; null = nobody can say.</param>
    public static IdempotentRequest? Current(IHttpContextAccessor? accessor)
    {
        var ambient = Ambient.Value;
        var http = accessor?.HttpContext;
        // A run that has ended shows nothing to the work that it left behind, whatever request the accessor has by then.
        if (http is null || ambient is { _request: null } || (ambient is not null && ReferenceEquals(http, ambient._enteredIn)))
            return ambient?._request;

        // The buffers of a request that has left serve others by now.
        return IdempotentRequest.Of(http) is { Phase: not RequestPhase.Left } request ? request : null;
    }

    public void End() => (_request, _enteredIn) = (null, null);
}
