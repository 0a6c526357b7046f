using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Timeouts;

namespace Idempotency.Filters.Engine;

/// <summary>
/// <c>RequestAborted</c> as the action sees it. The request timeout and <see cref="IdempotencyOptions.MaxExecutionTime"/> fire it. A client
/// that leaves does not, because the retry wants the action's answer; it counts again where the rest of a stream is all that is left.
/// </summary>
internal sealed class HandlerLifetime : IHttpRequestLifetimeFeature, IHttpResetFeature, IDisposable
{
    private readonly HttpContext _http;
    private readonly IHttpRequestLifetimeFeature _inner;
    private readonly IHttpResetFeature? _reset;
    private readonly IdempotencyOptions _options;
    private readonly TimeProvider _timeProvider;
    private long _started;
    private CancellationTokenSource? _source;
    private List<CancellationTokenRegistration>? _links;
    private CancellationToken _token;
    private bool _hasToken;
    private bool _writes;
    private bool _streams;
    private bool _isDeclaredStream;
    private bool _clientCounts;

    public HandlerLifetime(HttpContext http, IdempotencyOptions options, TimeProvider timeProvider)
    {
        _http = http;
        _inner = http.Features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
        _reset = http.Features.Get<IHttpResetFeature>();
        _options = options;
        _timeProvider = timeProvider;
        _started = timeProvider.GetTimestamp();
        http.Features.Set<IHttpRequestLifetimeFeature>(this);
        if (_reset is not null)
            http.Features.Set<IHttpResetFeature>(this);
    }

    /// <summary>Whether the action broke the response off, with <see cref="Abort"/> or <see cref="Reset"/>.</summary>
    public bool IsAborted { get; private set; }

    /// <summary>Whether the action was given a token that fired. What it then returned may be half an answer.</summary>
    public bool HasFired { get => field || _token.IsCancellationRequested; private set; }

    /// <summary>Whether the token fired while the result was written. Formatters then stop in the middle without an exception.</summary>
    public bool WritingWasCut => _writes && _token.IsCancellationRequested;

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

    public void Reset(int errorCode)
    {
        IsAborted = true;
        _reset?.Reset(errorCode);
    }

    /// <summary>
    /// The action has returned, and its result is written now. The writing gets a time of its own: cutting the answer of a slow action
    /// short would not undo the action.
    /// </summary>
    public void BeginWriting()
    {
        _writes = true;
        if (!_hasToken || _token.IsCancellationRequested)
        {
            HasFired = _token.IsCancellationRequested;
            EndToken();
            _started = _timeProvider.GetTimestamp();
        }

        LetClientCount();
    }

    /// <summary>The app declared that its response is a stream.</summary>
    public void DeclareStream()
    {
        _isDeclaredStream = true;
        LetClientCount();
    }

    /// <summary>The response is no longer held.</summary>
    public void BeginStreaming()
    {
        _streams = true;
        LetClientCount();
    }

    /// <summary>Gives the request its own feature back.</summary>
    /// <param name="isKept">
    /// Whether the answer is kept. A unit of work that commits outside must not be cancelled then, although the client may have left.
    /// </param>
    public void Detach(bool isKept)
    {
        _http.Features.Set(_inner);
        if (_reset is not null)
            _http.Features.Set(_reset);
        if (isKept)
            _inner.RequestAborted = CancellationToken.None;
        Dispose();
    }

    public void Dispose() => EndToken();

    private void EndToken()
    {
        _links?.ForEach(link => link.Dispose());
        _source?.Dispose();
        (_links, _source, _clientCounts) = (null, null, false);
        (_token, _hasToken) = (CancellationToken.None, false);
    }

    private CancellationToken CreateToken()
    {
        // Not pooled: the deadline of a later request would cancel work that outlives this one.
        _source = TimeLeft() is { } left ? new CancellationTokenSource(left, _timeProvider) : new CancellationTokenSource();
        if (_http.Features.Get<IHttpRequestTimeoutFeature>() is { } timeout)
            Link(timeout.RequestTimeoutToken);
        LetClientCount();
        return _source.Token;
    }

    private TimeSpan? TimeLeft()
    {
        var left = _options.MaxExecutionTime - _timeProvider.GetElapsedTime(_started);
        return left < TimeSpan.Zero ? TimeSpan.Zero : left;
    }

    // Not while the answer is held, and not because it merely outgrew the buffer: that run may be a payment half done.
    private void LetClientCount()
    {
        if (!_streams || !(_isDeclaredStream || _writes) || _source is null || _clientCounts)
            return;

        _clientCounts = true;
        Link(_inner.RequestAborted);
    }

    private void Link(CancellationToken token) =>
        (_links ??= []).Add(token.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source));
}
