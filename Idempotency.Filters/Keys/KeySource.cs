using Idempotency.Filters.Keys;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters;

/// <summary>A place in the request where a key may be sent. <see cref="IdempotencyOptions.KeySources"/> asks several in order.</summary>
/// <remarks>
/// A source that finds nothing passes the question on; one that finds something wrong (an empty key, two of them, one that is no text) refuses
/// the request with 400 <c>key-malformed</c>. Except for headers, a key is taken as it stands, without quotes to be removed: one or more
/// characters from space to tilde, those of a structured-field string (RFC 9651, section 3.3.3), up to
/// <see cref="IdempotencyOptions.MaxKeyLength"/>.
/// </remarks>
public abstract class KeySource
{
    /// <summary>The name of the form field in which <c>&lt;idempotency-key /&gt;</c> sends the key: <c>Idempotency-Key</c>.</summary>
    public const string DefaultFormField = "Idempotency-Key";

    private protected KeySource(string place) => Place = place;

    /// <summary>How a client is told of it: "the header Idempotency-Key".</summary>
    internal string Place { get; }

    /// <summary>Why it could never find a key; null when it could.</summary>
    internal virtual string? Defect => null;

    /// <summary>
    /// A request header: a structured-field string, or, unless <see cref="KeyFormat.StructuredString"/> is asked for, its bare form.
    /// </summary>
    /// <param name="name">The name of the header.</param>
    /// <returns>The source.</returns>
    public static KeySource Header(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new HeaderKeySource(name);
    }

    /// <summary>A parameter of the query string.</summary>
    /// <param name="name">The name, compared as ASP.NET Core does: without regard to case.</param>
    /// <returns>The source.</returns>
    public static KeySource Query(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new QueryKeySource(name);
    }

    /// <summary>
    /// A field of a form, URL-encoded or multipart; another body has none. The form is parsed before the action runs, within the app's
    /// <c>FormOptions</c>, and the action gets it as parsed.
    /// </summary>
    /// <param name="name">
    /// The name, compared as ASP.NET Core does: without regard to case. Default: that of <c>&lt;idempotency-key /&gt;</c>,
    /// <see cref="DefaultFormField"/>.
    /// </param>
    /// <returns>The source.</returns>
    public static KeySource FormField(string name = DefaultFormField)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new FormKeySource(name);
    }

    /// <summary>
    /// A string in a JSON body; a body of another content type has none. The body is held in memory before the action runs, at most
    /// <see cref="IdempotencyOptions.MaxBufferedBodySize"/> bytes, else 413; the action reads it from its start. It must be JSON in UTF-8
    /// (RFC 8259), nested no deeper than 64 levels.
    /// </summary>
    /// <param name="path">
    /// The name of a property, or names that lead through objects, separated by dots: <c>payment.key</c>. Compared exactly. Arrays are not
    /// searched.
    /// </param>
    /// <returns>The source.</returns>
    public static KeySource JsonField(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return new JsonKeySource(path);
    }

    /// <summary>Whatever a delegate finds: a cookie, a route value.</summary>
    /// <param name="read">
    /// Reads the key; null = there is none. It must not read the body. What it throws goes to the app's error handling, and the action does
    /// not run.
    /// </param>
    /// <param name="place">How clients are told of the place, such as <c>the cookie payment</c>; null = as described in the API's documentation.</param>
    /// <returns>The source.</returns>
    public static KeySource From(Func<HttpContext, string?> read, string? place = null)
    {
        ArgumentNullException.ThrowIfNull(read);
        return new DelegateKeySource(read, place);
    }

    /// <summary>Names the place.</summary>
    public override string ToString() => Place;

    /// <returns>The key; <see cref="KeyStatus.Missing"/> when there is nothing in this place.</returns>
    internal abstract ValueTask<KeyReading> ReadAsync(HttpContext http, KeyRules rules);

    /// <summary>Reads a parameter or field, which may be there several times.</summary>
    private protected KeyReading ReadField(StringValues values, KeyRules rules) => values.Count switch
    {
        0 => default,
        1 => IdempotencyKey.ReadPlain(values.ToString(), rules.Format, rules.MaxLength),
        _ => KeyReading.Malformed($"Send {Place} once; this request has it several times."),
    };
}
