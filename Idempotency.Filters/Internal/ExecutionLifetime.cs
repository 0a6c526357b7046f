using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Timeouts;

namespace Idempotency.Filters.Internal;

/// <summary>
/// <c>RequestAborted</c> as the action sees it: a client that leaves does not fire it, since the action's answer is wanted for the retry.
/// The request timeout and <see cref="IdempotencyOptions.MaxExecutionTime"/> do.
/// </summary>
internal sealed class ExecutionLifetime : IHttpRequestLifetimeFeature, IDisposable
{
    private readonly HttpContext _http;
    private readonly IHttpRequestLifetimeFeature _inner;
    private readonly TimeSpan? _limit;
    private readonly DeadlinePool _deadlines;
    private readonly long _started;
    private CancellationTokenSource? _deadline;
    private CancellationTokenSource? _linked;
    private CancellationToken? _token;

    public ExecutionLifetime(HttpContext http, TimeSpan? limit, DeadlinePool deadlines)
    {
        _http = http;
        _inner = http.Features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
        _limit = limit;
        _deadlines = deadlines;
        _started = deadlines.Now;
        http.Features.Set<IHttpRequestLifetimeFeature>(this);
    }

    public bool IsAborted { get; private set; }

    /// <summary>Whether the token fired that the action was given: what it then returned may be half an answer.</summary>
    public bool HasFired => _token is { IsCancellationRequested: true };

    // Made on first use: many actions never ask, and a timer costs more than a question.
    public CancellationToken RequestAborted
    {
        get => _token ??= CreateToken();
        set => _token = value;
    }

    public void Abort()
    {
        IsAborted = true;
        _inner.Abort();
    }

    public void Dispose()
    {
        _http.Features.Set(_inner);
        _linked?.Dispose();
        if (_deadline is not null)
            _deadlines.Return(_deadline);
        _linked = _deadline = null;
    }

    private CancellationToken CreateToken()
    {
        var timeout = _http.Features.Get<IHttpRequestTimeoutFeature>()?.RequestTimeoutToken ?? CancellationToken.None;
        if (_limit is not { } limit)
            return timeout;

        _deadline = _deadlines.Rent(limit, _started);
        if (!timeout.CanBeCanceled)
            return _deadline.Token;

        _linked = CancellationTokenSource.CreateLinkedTokenSource(timeout, _deadline.Token);
        return _linked.Token;
    }
}
