using System.Runtime.ExceptionServices;
using Microsoft.AspNetCore.Http.Features;

namespace Idempotency.Filters.Responses;

/// <summary>What the handler sees of a response that is held: one that has started, as soon as the server's own would have.</summary>
internal sealed partial class HeldResponse : IHttpResponseFeature
{
    private Stack<(Func<object, Task> Callback, object State)>? _callbacks;
    private Exception? _callbackFailure;
    private bool _isStarting;

    public int StatusCode
    {
        get => _inner.StatusCode;
        set
        {
            ThrowIfStarted(nameof(StatusCode));
            _inner.StatusCode = value;
        }
    }

    public string? ReasonPhrase
    {
        get => _inner.ReasonPhrase;
        set
        {
            ThrowIfStarted(nameof(ReasonPhrase));
            _inner.ReasonPhrase = value;
        }
    }

    public IHeaderDictionary Headers
    {
        get => _inner.Headers;
        set => _inner.Headers = value;
    }

    /// <summary>
    /// Frameworks and error filters ask this before they send another answer, and must not append one to half an answer. Where middleware
    /// outside buffers the body, the server's value counts: without us the response has not started there either.
    /// </summary>
    public bool HasStarted => _inner.HasStarted || (!_capture.IsHeldOutside && _capture.Started && !Streams && !_isStarting);

    [Obsolete("Use IHttpResponseBodyFeature.Stream.")]
    Stream IHttpResponseFeature.Body
    {
        get => _inner.Body;
        set => _inner.Body = value;
    }

    public void OnStarting(Func<object, Task> callback, object state)
    {
        ThrowIfStarted(nameof(OnStarting));
        if (Streams)
            _inner.OnStarting(callback, state);
        else
            (_callbacks ??= []).Push((callback, state));
    }

    public void OnCompleted(Func<object, Task> callback, object state) => _inner.OnCompleted(callback, state);

    /// <summary>Whether there are callbacks to run, or one that has failed.</summary>
    public bool HasCallbacks => _callbacks is { Count: > 0 } || _callbackFailure is not null;

    /// <summary>
    /// Runs the callbacks that the handler registered, the last one first, as the server would. They run before the response is recorded,
    /// so that what they set is kept, and what they fail to do is not.
    /// </summary>
    public async ValueTask RunCallbacksAsync()
    {
        if (_callbackFailure is not null)
            ExceptionDispatchInfo.Throw(_callbackFailure);

        _isStarting = true;
        try
        {
            while (_callbacks?.TryPop(out var next) is true)
                await next.Callback(next.State);
        }
        catch (Exception exception)
        {
            // A handler that swallows this has no answer all the same, however it goes on.
            _callbackFailure = exception;
            throw;
        }
        finally
        {
            _isStarting = false;
        }
    }

    /// <summary>Leaves the callbacks to the server: the response is not kept, or is about to stream.</summary>
    public void PassCallbacks()
    {
        if (_callbacks is null || _inner.HasStarted)
            return;

        foreach (var (callback, state) in _callbacks.Reverse())
            _inner.OnStarting(callback, state);
        _callbacks = null;
    }

    private void ThrowIfStarted(string member)
    {
        if (HasStarted)
            throw new InvalidOperationException($"{member} cannot be set, because the response has already started.");
    }
}
