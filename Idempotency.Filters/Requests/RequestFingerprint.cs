using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Requests;

/// <summary>Computes the fingerprint of a request while the action reads the body. Buffers nothing.</summary>
internal sealed class RequestFingerprint : IDisposable
{
    private readonly RequestHasher _hashing;
    private readonly HttpRequest _request;
    private HashingBodyStream? _stream;
    private HashingPipeReader? _reader;
    private Fingerprint _fingerprint;
    private bool _readFailed;

    private RequestFingerprint(RequestHasher hashing, HttpRequest request, HashingBodyStream? stream, in Fingerprint fingerprint)
    {
        _hashing = hashing;
        _request = request;
        _stream = stream;
        _fingerprint = fingerprint;
    }

    /// <summary>Whether the body broke off, or was too large, while the action read it.</summary>
    public bool ReadFailed => _stream?.ReadFailed ?? _readFailed;

    /// <summary>
    /// For a first execution: hashes the body while the action reads it. A body that can be read twice, or a form that was parsed before,
    /// is hashed at once, and nothing is replaced.
    /// </summary>
    /// <exception cref="RequestBodyTooLargeException">The body was hashed at once, and the server found it too large.</exception>
    public static async ValueTask<RequestFingerprint> AttachAsync(
        RequestHasher hashing, HttpRequest request, CancellationToken cancellationToken)
    {
        var target = hashing.TargetOf(request);
        if (BodyFingerprint.IsAtHand(request))
        {
            var body = await BodyFingerprint.ReadAsync(hashing, request, BodyForm.Bytes, null, cancellationToken);
            return new(hashing, request, null, Of(target, body));
        }

        var stream = new HashingBodyStream(request.Body, hashing.Rent(request.ContentType));
        return new(hashing, request, stream, Of(target, default)) { _reader = HashingPipeReader.Attach(request, stream) };
    }

    /// <summary>For a repeat whose body was hashed before the action runs: hashes nothing again and replaces nothing.</summary>
    public static RequestFingerprint Known(RequestHasher hashing, HttpRequest request, in Fingerprint fingerprint) =>
        new(hashing, request, null, fingerprint);

    /// <summary>The fingerprint so far. Reads nothing more, because the action may still be reading.</summary>
    public Fingerprint Current()
    {
        if (_stream is { Ended: true, ReadFailed: false } stream && !IsBeingRead(stream) && stream.Seal() is { } hasher)
            _fingerprint = Of(_fingerprint.Target, BodyFingerprint.Complete(_request, hasher));
        // The action may still be reading a file, and must be the only one.
        if (FormWithToken() is { Files.Count: 0 } form)
            _fingerprint = Of(_fingerprint.Target, new(BodyForm.ParsedForm, FormFingerprint.HashFields(_hashing, _request, form)));
        return _fingerprint;
    }

    /// <summary>
    /// For use after the action: reads what it left unread, within <paramref name="timeout"/>, and gives the request its own body back. If
    /// the end was not reached, the fingerprint has no body; this does not throw for that.
    /// </summary>
    public async ValueTask<Fingerprint> FinishAsync(TimeSpan timeout, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        if (_stream is { } stream)
        {
            _readFailed = stream.ReadFailed;
            TakeBack(_reader);
            if (!stream.Ended && !_readFailed && !IsBeingRead(stream))
                await DrainAsync(_request, stream, _reader, timeout, timeProvider, cancellationToken);

            Current();
            Release(stream);
        }

        if (HasComparableBytes && FormFingerprint.IsForm(_request.ContentType))
            await PreferFormAsync(cancellationToken);
        return _fingerprint;
    }

    /// <summary>Gives the request its own body back. A body that is not finished by then has no fingerprint.</summary>
    public void Detach()
    {
        if (_stream is not { } stream)
            return;

        _readFailed = stream.ReadFailed;
        Release(stream);
    }

    public void Dispose() => Detach();

    /// <summary>For a retry: reads and hashes the whole body, because no action will read it.</summary>
    /// <param name="hashing">Hashes the body.</param>
    /// <param name="request">The request.</param>
    /// <param name="target">The result of <see cref="RequestHasher.TargetOf"/>, which the caller compared first.</param>
    /// <param name="form">How the fingerprint to compare with was made.</param>
    /// <param name="maxBytes">The most bytes to read; null = as many as the server accepts.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="RequestBodyTooLargeException">The body is larger than that.</exception>
    public static async ValueTask<Fingerprint> ComputeAsync(
        RequestHasher hashing, HttpRequest request, Sha256Digest target, BodyForm form, long? maxBytes,
        CancellationToken cancellationToken) =>
        Of(target, await BodyFingerprint.ReadAsync(hashing, request, form, maxBytes, cancellationToken));

    /// <summary>
    /// For a repeat that may still run the action: like <see cref="ComputeAsync"/>, but the action can read the body afterwards.
    /// </summary>
    /// <param name="hashing">Hashes the request.</param>
    /// <param name="request">The request.</param>
    /// <param name="form">How the fingerprint to compare with was made.</param>
    /// <param name="maxBytes">The most bytes to hold in memory.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="RequestBodyTooLargeException">The body is larger than that.</exception>
    public static async ValueTask<Fingerprint> BufferAsync(
        RequestHasher hashing, HttpRequest request, BodyForm form, int maxBytes, CancellationToken cancellationToken) =>
        Of(hashing.TargetOf(request), await BodyFingerprint.BufferAsync(hashing, request, form, maxBytes, cancellationToken));

    private bool HasComparableBytes => _fingerprint.Form is BodyForm.Bytes or BodyForm.Multipart;

    /// <summary>The form, if something has parsed it by now and it came with an antiforgery token.</summary>
    private IFormCollection? FormWithToken() =>
        HasComparableBytes && FormFingerprint.Parsed(_request) is { } form && AntiforgeryToken.IsSentWith(_request, form)
            ? form
            : null;

    private bool IsBeingRead(HashingBodyStream stream) => stream.IsBeingRead || _reader is { IsBeingRead: true };

    private void Release(HashingBodyStream stream)
    {
        _stream = null;
        _reader?.Detach();
        stream.Seal()?.Abandon();

        // If somebody wrapped our stream, leave it: they still read through it, and it no longer hashes.
        if (ReferenceEquals(_request.Body, stream))
            _request.Body = stream.Inner;
    }

    private static void TakeBack(HashingPipeReader? reader)
    {
        try
        {
            reader?.TakeBack();
        }
        catch
        {
            // The reader advanced in this moment, or completed the pipe. Then we do not know whether the body ended.
        }
    }

    /// <summary>
    /// A form with an antiforgery token is its fields, since a retry may have another token. Where the token came in the header,
    /// antiforgery left the form to the action; a retry may have it in the field, and then arrives parsed.
    /// </summary>
    private async ValueTask PreferFormAsync(CancellationToken cancellationToken)
    {
        if (_request.Body.CanSeek && AntiforgeryToken.IsInHeader(_request))
            await ParseAsync(_request, cancellationToken);
        if (FormWithToken() is not { } form)
            return;

        try
        {
            var hash = await FormFingerprint.HashAsync(_hashing, _request, form, cancellationToken);
            _fingerprint = Of(_fingerprint.Target, new(BodyForm.ParsedForm, hash));
        }
        catch
        {
            // The action closed a file of the form. The hash of the bytes still tells most retries.
        }
    }

    private static async ValueTask DrainAsync(
        HttpRequest request, HashingBodyStream stream, HashingPipeReader? reader, TimeSpan timeout, TimeProvider timeProvider,
        CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            if (stream.IsUnread && FormFingerprint.IsForm(request.ContentType) && AntiforgeryToken.IsInHeader(request))
                await ParseAsync(request, either.Token);
            if (reader is null)
                await stream.CopyToAsync(Stream.Null, either.Token);
            else
                await reader.DrainAsync(either.Token);
        }
        catch
        {
            // The action has its result already. Without the rest of the body, retries cannot be compared by their body.
        }
    }

    /// <summary>Nobody has read the form, and nobody will: only its fields can be compared with a retry's. See PreferFormAsync.</summary>
    private static async ValueTask ParseAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        try
        {
            if (!FormFingerprint.IsLocked(request) && request.HasFormContentType)
                await request.ReadFormAsync(cancellationToken);
        }
        catch (Exception exception) when (FormFingerprint.IsMalformed(exception))
        {
            // Its bytes are hashed all the same.
        }
    }

    private static Fingerprint Of(in Sha256Digest target, in BodyHash body) =>
        new() { Target = target, Form = body.Form, Body = body.Hash, IsConsumed = body.IsConsumed, MayBeEmpty = body.MayBeEmpty };
}
