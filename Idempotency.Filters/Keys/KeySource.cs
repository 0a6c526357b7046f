using Idempotency.Filters.Keys;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters;

/// <summary>A place in the request where a key may be sent. <see cref="IdempotencyOptions.KeySources"/> tries several in order.</summary>
/// <remarks>
/// If a source finds nothing, the next one is tried. If it finds something wrong (an empty key, two keys, a value that is not text), the
/// request gets 400 <c>key-malformed</c>. Only headers have quotes to remove; elsewhere the key is the value as it stands: characters from
/// space to tilde, as in a structured-field string (RFC 9651, section 3.3.3), 1 to <see cref="IdempotencyOptions.MaxKeyLength"/> of them.
/// </remarks>
public abstract class KeySource
{
    /// <summary>The name of the form field in which <c>&lt;idempotency-key /&gt;</c> sends the key: <c>Idempotency-Key</c>.</summary>
    public const string DefaultFormField = "Idempotency-Key";

    private protected KeySource(string place) => Place = place;

    /// <summary>How messages to clients name the place: "the header Idempotency-Key".</summary>
    internal string Place { get; }

    /// <summary>Why this source can never find a key; null when it can.</summary>
    internal virtual string? Defect => null;

    /// <summary>
    /// A request header: a structured-field string, or its bare form unless the policy sets <see cref="KeyFormat.StructuredString"/>.
    /// </summary>
    /// <param name="name">The name of the header.</param>
    /// <returns>The source.</returns>
    public static KeySource Header(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new HeaderKeySource(name);
    }

    /// <summary>A parameter of the query string.</summary>
    /// <param name="name">The name, compared without regard to case, as in ASP.NET Core.</param>
    /// <returns>The source.</returns>
    public static KeySource Query(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new QueryKeySource(name);
    }

    /// <summary>
    /// A field of a URL-encoded or multipart form. Other bodies have no fields. The form is parsed before the action runs, within the app's
    /// <c>FormOptions</c>, and the action gets the parsed form.
    /// </summary>
    /// <param name="name">
    /// The name, compared without regard to case, as in ASP.NET Core. Default <see cref="DefaultFormField"/>, the field of
    /// <c>&lt;idempotency-key /&gt;</c>.
    /// </param>
    /// <returns>The source.</returns>
    public static KeySource FormField(string name = DefaultFormField)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new FormKeySource(name);
    }

    /// <summary>
    /// A string or an integer in a JSON body. An integer is a key as it is written: <c>123</c> and <c>"123"</c> are the same key. Other
    /// numbers, and -0, are refused, because they can be written in several ways. Bodies of other content types have no properties. The
    /// body is read into memory before the action runs; a body of more than <see cref="IdempotencyOptions.MaxBufferedBodySize"/> bytes gets
    /// 413. The action reads the body from its start. It must be JSON in UTF-8 (RFC 8259), nested no deeper than 64 levels.
    /// </summary>
    /// <param name="path">
    /// The name of a property, or a path of names through nested objects, separated by dots: <c>payment.key</c>. Compared exactly. Arrays
    /// are not searched.
    /// </param>
    /// <returns>The source.</returns>
    public static KeySource JsonField(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return new JsonKeySource(path);
    }

    /// <summary>A key that a delegate reads, from a cookie or a route value for example.</summary>
    /// <param name="read">
    /// Returns the key; null = there is none. It must not read the body. If it throws, the exception goes to the app's error handling and
    /// the action does not run.
    /// </param>
    /// <param name="place">
    /// How messages to clients name the place, such as <c>the cookie payment</c>; null = a reference to the API's documentation. Default
    /// null.
    /// </param>
    /// <returns>The source.</returns>
    public static KeySource From(Func<HttpContext, string?> read, string? place = null)
    {
        ArgumentNullException.ThrowIfNull(read);
        return new DelegateKeySource(read, place);
    }

    /// <summary>Returns the place, as messages to clients name it.</summary>
    public override string ToString() => Place;

    /// <returns>The key; <see cref="KeyStatus.Missing"/> when this place has none.</returns>
    internal abstract ValueTask<KeyReading> ReadAsync(HttpContext http, KeyRules rules);

    /// <summary>Reads a query parameter or form field, which may occur several times.</summary>
    private protected KeyReading ReadField(StringValues values, KeyRules rules) => values.Count switch
    {
        0 => default,
        1 => IdempotencyKey.ReadPlain(values.ToString(), rules.Format, rules.MaxLength),
        _ => KeyReading.Malformed($"Send {Place} once; this request has it several times."),
    };
}
