using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Requests;

/// <summary>Which request it was, found out while the action reads the body: nothing is buffered.</summary>
internal sealed class RequestFingerprint : IDisposable
{
    private readonly HttpRequest _request;
    private HashingBodyStream? _stream;
    private HashingPipeReader? _reader;
    private Fingerprint _fingerprint;
    private bool _readFailed;

    private RequestFingerprint(HttpRequest request, HashingBodyStream? stream, in Fingerprint fingerprint)
    {
        _request = request;
        _stream = stream;
        _fingerprint = fingerprint;
    }

    /// <summary>Whether the body broke off, or turned out too large, while the action read it.</summary>
    public bool ReadFailed => _stream?.ReadFailed ?? _readFailed;

    /// <summary>
    /// A first execution: from here on, what is read of the body is hashed. A body that can be read twice is hashed at once, and so is a
    /// form that was parsed before; then nothing is replaced.
    /// </summary>
    /// <exception cref="RequestBodyTooLargeException">The server refused such a body when it was hashed at once.</exception>
    public static async ValueTask<RequestFingerprint> AttachAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var target = RequestTarget.HashOf(request);
        if (BodyFingerprint.IsAtHand(request))
        {
            var body = await BodyFingerprint.ReadAsync(request, BodyForm.Bytes, null, cancellationToken);
            return new(request, null, Of(target, body));
        }

        var stream = new HashingBodyStream(request.Body, BodyHasher.Rent(request.ContentType));
        return new(request, stream, Of(target, default)) { _reader = HashingPipeReader.Attach(request, stream) };
    }

    /// <summary>A repeat, whose body was hashed before the action runs: nothing is hashed again, and nothing replaced.</summary>
    public static RequestFingerprint Known(HttpRequest request, in Fingerprint fingerprint) => new(request, null, fingerprint);

    /// <summary>What is known now, without reading on: the action may not be done with the body.</summary>
    public Fingerprint Current()
    {
        if (_stream is { Ended: true, ReadFailed: false } stream && !IsBeingRead(stream) && stream.Seal() is { } hasher)
            _fingerprint = Of(_fingerprint.Target, BodyFingerprint.Complete(_request, hasher));
        return _fingerprint;
    }

    /// <summary>
    /// After the action: reads what it left, within <paramref name="timeout"/>, and gives the body back to the request. Without a form when
    /// the end was not reached; never throws for that.
    /// </summary>
    public async ValueTask<Fingerprint> FinishAsync(TimeSpan timeout, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        if (_stream is not { } stream)
            return _fingerprint;

        _readFailed = stream.ReadFailed;
        TakeBack(_reader);
        if (!stream.Ended && !_readFailed && !IsBeingRead(stream))
            await DrainAsync(stream, _reader, timeout, timeProvider, cancellationToken);

        Current();
        Release(stream);
        return _fingerprint;
    }

    /// <summary>Gives the body back to the request. What was not finished by then has no fingerprint of the body.</summary>
    public void Detach()
    {
        if (_stream is not { } stream)
            return;

        _readFailed = stream.ReadFailed;
        Release(stream);
    }

    public void Dispose() => Detach();

    /// <summary>A retry: reads the whole body, since nobody else will, and hashes it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="target">What <see cref="RequestTarget.HashOf"/> gave for it, which was compared first.</param>
    /// <param name="form">How the fingerprint was made that this one will be compared with.</param>
    /// <param name="maxBytes">How much to read at most; null = what the server admits.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RequestBodyTooLargeException">There is more.</exception>
    public static async ValueTask<Fingerprint> ComputeAsync(
        HttpRequest request, Sha256Digest target, BodyForm form, long? maxBytes, CancellationToken cancellationToken) =>
        Of(target, await BodyFingerprint.ReadAsync(request, form, maxBytes, cancellationToken));

    /// <summary>A repeat that the action may still run for: as <see cref="ComputeAsync"/>, and the body can be read after.</summary>
    /// <param name="request">The request.</param>
    /// <param name="form">How the fingerprint was made that this one will be compared with.</param>
    /// <param name="maxBytes">How much to hold in memory at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RequestBodyTooLargeException">There is more.</exception>
    public static async ValueTask<Fingerprint> BufferAsync(
        HttpRequest request, BodyForm form, int maxBytes, CancellationToken cancellationToken) =>
        Of(RequestTarget.HashOf(request), await BodyFingerprint.BufferAsync(request, form, maxBytes, cancellationToken));

    private bool IsBeingRead(HashingBodyStream stream) => stream.IsBeingRead || _reader is { IsBeingRead: true };

    private void Release(HashingBodyStream stream)
    {
        _stream = null;
        _reader?.Detach();
        stream.Seal()?.Abandon();

        // Whoever wrapped the body after us goes on reading through the stream, which hashes no more.
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
            // Whoever read gave the bytes back in this moment, or ended the pipe. Then their end is not known.
        }
    }

    private static async ValueTask DrainAsync(
        HashingBodyStream stream, HashingPipeReader? reader, TimeSpan timeout, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            if (reader is null)
                await stream.CopyToAsync(Stream.Null, either.Token);
            else
                await reader.DrainAsync(either.Token);
        }
        catch
        {
            // The action has its result. That the rest of the body never came only means that it cannot be compared with.
        }
    }

    private static Fingerprint Of(in Sha256Digest target, (BodyForm Form, Sha256Digest Hash) body) =>
        new() { Target = target, Form = body.Form, Body = body.Hash };
}
