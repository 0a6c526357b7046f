using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Timeouts;

namespace Idempotency.Filters.Engine;

/// <summary>
/// <c>RequestAborted</c> as the action sees it. A client that leaves does not fire it, because the retry wants the action's answer. The
/// request timeout and <see cref="IdempotencyOptions.MaxExecutionTime"/> do fire it.
/// </summary>
internal sealed class HandlerLifetime : IHttpRequestLifetimeFeature, IDisposable
{
    private readonly HttpContext _http;
    private readonly IHttpRequestLifetimeFeature _inner;
    private readonly TimeSpan? _limit;
    private readonly TimeProvider _timeProvider;
    private long _started;
    private CancellationTokenSource? _deadline;
    private CancellationTokenSource? _linked;
    private CancellationToken _token;
    private bool _hasToken;
    private bool _writes;

    public HandlerLifetime(HttpContext http, TimeSpan? limit, TimeProvider timeProvider)
    {
        _http = http;
        _inner = http.Features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
        _limit = limit;
        _timeProvider = timeProvider;
        _started = timeProvider.GetTimestamp();
        http.Features.Set<IHttpRequestLifetimeFeature>(this);
    }

    public bool IsAborted { get; private set; }

    /// <summary>Whether the action was given a token that fired. What it then returned may be half an answer.</summary>
    public bool HasFired { get => field || _token.IsCancellationRequested; private set; }

    /// <summary>Whether the token fired while the result was written. Formatters then stop in the middle without an exception.</summary>
    public bool WritingWasCut => _writes && _token.IsCancellationRequested;

    // Made on first use: most actions never ask, and a timer is expensive.
    public CancellationToken RequestAborted
    {
        get => _hasToken ? _token : RequestAborted = CreateToken();
        set => (_token, _hasToken) = (value, true);
    }

    public void Abort()
    {
        IsAborted = true;
        _inner.Abort();
    }

    /// <summary>
    /// The action has returned, and its result is written now. The writing gets a time of its own: cutting the answer of a slow action
    /// short would not undo the action.
    /// </summary>
    public void BeginWriting()
    {
        _writes = true;
        if (_hasToken && !_token.IsCancellationRequested)
            return;

        HasFired = _token.IsCancellationRequested;
        EndToken();
        _started = _timeProvider.GetTimestamp();
    }

    public void Dispose()
    {
        _http.Features.Set(_inner);
        EndToken();
    }

    private void EndToken()
    {
        _linked?.Dispose();
        _deadline?.Dispose();
        _linked = _deadline = null;
        (_token, _hasToken) = (CancellationToken.None, false);
    }

    private CancellationToken CreateToken()
    {
        var timeout = _http.Features.Get<IHttpRequestTimeoutFeature>()?.RequestTimeoutToken ?? CancellationToken.None;
        if (_limit is not { } limit)
            return timeout;

        // Not pooled: the deadline of a later request would cancel work that outlives this one.
        var left = limit - _timeProvider.GetElapsedTime(_started);
        _deadline = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, _timeProvider);
        if (!timeout.CanBeCanceled)
            return _deadline.Token;

        _linked = CancellationTokenSource.CreateLinkedTokenSource(timeout, _deadline.Token);
        return _linked.Token;
    }
}
