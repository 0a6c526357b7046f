using Idempotency.Filters.Primitives;
using Idempotency.Filters.Records;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters.Responses;

/// <summary>
/// A response that is held until the engine has judged and recorded it. The body is held by a <see cref="ResponseCapture"/>; status and
/// headers stay open.
/// </summary>
internal sealed partial class HeldResponse
{
    private readonly HttpContext _http;
    private readonly IHttpResponseFeature _inner;
    private readonly HeaderSnapshot _headers;
    private readonly ResponseCapture _capture;
    private readonly bool _hadStarted;
    private readonly bool _mayDeclareLength;

    /// <summary>Takes the response over.</summary>
    /// <param name="http">The request.</param>
    /// <param name="cap">The most bytes of body to hold.</param>
    /// <param name="owner">Decides what becomes of the response.</param>
    public HeldResponse(HttpContext http, long cap, ICaptureOwner owner)
    {
        _http = http;
        _inner = http.Features.GetRequiredFeature<IHttpResponseFeature>();
        _hadStarted = _inner.HasStarted;
        _mayDeclareLength = ResponseBodies.MayDeclareLength(http);
        _headers = new HeaderSnapshot(_inner.Headers);
        _capture = new ResponseCapture(http, cap, owner);
        http.Features.Set<IHttpResponseFeature>(this);
    }

    /// <summary>The held body. Its buffers are released by whoever ends the run.</summary>
    public PooledBuffer Body => _capture.Held;

    /// <summary>Whether the response is no longer held and goes to the client as it is written.</summary>
    public bool Streams => _capture.Streams;

    public bool IsOverCap => _capture.IsOverCap;

    /// <summary>
    /// Whether bytes went around the capture: somebody took the body before the run and wrote to it. Nobody knows the whole response then.
    /// </summary>
    public bool WasBypassed => !Streams && ((_inner.HasStarted && !_hadStarted) || _capture.WasBypassed);

    /// <summary>Whether a record can hold the whole response.</summary>
    public bool IsWhole =>
        !Streams && !IsOverCap && !WasBypassed && !ResponseBodies.HasOwnFraming(_http) && RecordRules.AllowsStatus(StatusCode);

    /// <summary>Why the response cannot be sent as it is; null when it can, or when it is on its way.</summary>
    public Exception? Defect
    {
        get
        {
            if ((_callbackFailure ?? _capture.Failure) is { } failure)
                return failure;
            // Only what went through the capture was counted.
            return !Streams && !WasBypassed && ResponseBodies.Defect(StatusCode, _inner.Headers.ContentLength, Body.Length) is { } defect
                ? new InvalidOperationException(defect)
                : null;
        }
    }

    /// <summary>
    /// The headers to keep with the response. A length that the action declared is one of them: a replay behind middleware that may rewrite
    /// the body would have none otherwise.
    /// </summary>
    public KeyValuePair<string, StringValues>[] KeptHeaders(string? marker)
    {
        var headers = _headers.Difference(_inner.Headers, marker);
        return _inner.Headers.ContentLength is not null && ResponseBodies.AllowedWith(StatusCode)
            ? [.. headers, new(HeaderNames.ContentLength, _inner.Headers[HeaderNames.ContentLength])]
            : headers;
    }

    /// <summary>
    /// An empty response that the action started is final. A length of 0 keeps status code pages from filling it in, as a start would.
    /// </summary>
    public void CloseIfEmpty()
    {
        if (_mayDeclareLength && !WasBypassed && _capture is { Started: true, Streams: false, Held.Length: 0 }
            && ResponseBodies.AllowedWith(StatusCode))
        {
            _inner.Headers.ContentLength = 0;
        }
    }

    /// <summary>Sends what was held. Call <see cref="Detach"/> first.</summary>
    public async ValueTask SendAsync()
    {
        // An empty response stays open, so that status code pages can fill it in. An action that frames its body itself excludes a length.
        if (_mayDeclareLength && Body.Length > 0 && !WasBypassed && !ResponseBodies.HasOwnFraming(_http))
            _http.Response.ContentLength = Body.Length;
        await _capture.SendHeldAsync();
        await _capture.PassStartAsync(mayStart: !_capture.IsServersOwn);
    }

    /// <summary>Sends another response instead. Call <see cref="Detach"/> first.</summary>
    public async ValueTask SendInsteadAsync(ResponseRecord record, IdempotencyOptions options)
    {
        _headers.Restore(_inner.Headers);
        await ResponseReplay.SendAsync(_http, record, options);
    }

    /// <summary>Undoes all that was set and held, for another answer. Call <see cref="Detach"/> first.</summary>
    /// <returns>False when the response has started: bytes of it have left.</returns>
    public bool TryReset()
    {
        if (_inner.HasStarted)
            return false;

        _headers.Restore(_inner.Headers);
        _inner.StatusCode = StatusCodes.Status200OK;
        _inner.ReasonPhrase = null;
        return true;
    }

    /// <summary>Gives the request its own response back.</summary>
    public void Detach()
    {
        _capture.Detach();
        PassCallbacks();
        _http.Features.Set(_inner);
    }
}
