using System.Buffers;

namespace Idempotency.Filters;

/// <summary>
/// The response of an action that ran, before it is decided whether to keep it. Passed to <see cref="IdempotencyOptions.ShouldStore"/>, and
/// valid only during that call.
/// </summary>
public sealed class IdempotencyResponseContext
{
    private readonly ReadOnlySequence<byte> _body;
    private bool _hasEnded;

    internal IdempotencyResponseContext(HttpContext http, in ReadOnlySequence<byte> body, bool isBodyWhole)
    {
        HttpContext = http;
        _body = body;
        IsBodyWhole = isBodyWhole;
    }

    /// <summary>The request. The status and the headers of its response are set.</summary>
    public HttpContext HttpContext { get; }

    /// <summary>
    /// The bytes of the response body as the action wrote them, before middleware outside compresses or changes them. Where
    /// <see cref="IsBodyWhole"/> is false, only what was written by then, which may be nothing.
    /// </summary>
    /// <exception cref="InvalidOperationException">The call of <see cref="IdempotencyOptions.ShouldStore"/> has returned.</exception>
    public ReadOnlySequence<byte> Body => !_hasEnded ? _body : throw new InvalidOperationException(
        "The body is valid only while ShouldStore runs, because its memory serves other responses afterwards: copy what you need.");

    /// <summary>
    /// False when the response outgrew <see cref="IdempotencyOptions.MaxResponseBodySize"/> or is streamed: the decision is due before its
    /// first byte leaves, and the rest is not written yet. Such a response is never replayed; true from
    /// <see cref="IdempotencyOptions.ShouldStore"/> then closes the key, and retries get 409 <c>not-replayable</c>.
    /// </summary>
    public bool IsBodyWhole { get; }

    internal void End() => _hasEnded = true;
}
