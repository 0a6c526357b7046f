using System.Text;
using System.Text.Json;
using Idempotency.Filters.Requests;
using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters.Keys;

/// <summary>Reads the key from a property of a JSON body. Holds the body in memory, but builds no document tree.</summary>
internal sealed class JsonKeySource(string path) : KeySource($"the JSON property {path}")
{
    private const string BadContentType = "Send one valid Content-Type, such as application/json.";
    private const string Broken = "Send the body again; the framing of this one is broken.";
    private const string NotJson = "Send a body of valid JSON in UTF-8, nested no deeper than 64 levels.";

    private readonly byte[][] _path = [.. path.Split('.').Select(Encoding.UTF8.GetBytes)];

    internal override string? Defect =>
        Array.Exists(path.Split('.'), name => name is "" or "$" || name.Contains('[', StringComparison.Ordinal))
            ? "write names of properties, separated by dots, such as payment.key; arrays are not searched."
            : null;

    internal override async ValueTask<KeyReading> ReadAsync(HttpContext http, KeyRules rules)
    {
        var contentType = http.Request.ContentType;
        if (!MediaTypeHeaderValue.TryParse(contentType, out var type))
        {
            // MVC's formatters read some invalid content types as JSON, such as two types in one header. "No key" would let the action run
            // unprotected although the body has a key.
            return contentType?.Contains("json", StringComparison.OrdinalIgnoreCase) is true
                ? KeyReading.Malformed(BadContentType)
                : default;
        }

        if (!IsJson(type))
            return default;
        if (type.Charset.Length > 0 && !HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase))
            return KeyReading.Malformed(NotJson);

        try
        {
            var body = await BodyPatience.ReadAsync(
                http, rules.BodyReadTimeout, token => BufferedRequestBody.HoldAsync(http.Request, rules.MaxBufferedBodySize, token));
            return body.IsEmpty ? default : Read(body.Span, rules);
        }
        catch (BadHttpRequestException exception) when (
            exception.StatusCode == StatusCodes.Status400BadRequest && !http.RequestAborted.IsCancellationRequested)
        {
            return KeyReading.Malformed(Broken);
        }
    }

    private static bool IsJson(MediaTypeHeaderValue type) =>
        type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase)
        || (type.SubTypeWithoutSuffix.Equals("json", StringComparison.OrdinalIgnoreCase)
            && (type.Type.Equals("application", StringComparison.OrdinalIgnoreCase)
                || type.Type.Equals("text", StringComparison.OrdinalIgnoreCase)));

    private KeyReading Read(ReadOnlySpan<byte> json, KeyRules rules)
    {
        // The framework's own JSON readers skip a byte order mark too.
        if (json.StartsWith(Encoding.UTF8.Preamble))
            json = json[Encoding.UTF8.Preamble.Length..];

        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            var reading = reader.TokenType is JsonTokenType.StartObject ? Find(ref reader, 0, rules) : default;

            // Read to the end, so that a body cut off after the key is malformed.
            while (reader.Read())
            {
            }

            return reading;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string with half a surrogate pair, or with bytes that are not UTF-8.
            return KeyReading.Malformed(NotJson);
        }
    }

    /// <summary>Reads one object to its end, and the nested objects on the path.</summary>
    private KeyReading Find(ref Utf8JsonReader reader, int level, KeyRules rules)
    {
        KeyReading? found = null;
        var isRepeated = false;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var isMine = reader.ValueTextEquals(_path[level]);
            reader.Read();
            if (isMine)
            {
                isRepeated |= found is not null;
                found = ReadValue(ref reader, level, rules);
            }

            reader.Skip();
        }

        return isRepeated
            ? KeyReading.Malformed($"Send {Place} once; this request has it, or an object around it, several times.")
            : found ?? default;
    }

    private KeyReading ReadValue(ref Utf8JsonReader reader, int level, KeyRules rules)
    {
        if (level < _path.Length - 1)
            return reader.TokenType is JsonTokenType.StartObject ? Find(ref reader, level + 1, rules) : default;
        return reader.TokenType switch
        {
            JsonTokenType.String => IdempotencyKey.ReadPlain(reader.GetString()!, rules.Format, rules.MaxLength),
            JsonTokenType.Number when IsInteger(reader.ValueSpan) =>
                IdempotencyKey.ReadPlain(Encoding.ASCII.GetString(reader.ValueSpan), rules.Format, rules.MaxLength),
            _ => KeyReading.Malformed($"Send {Place} as a string, or as an integer without fraction or exponent."),
        };
    }

    // JSON (RFC 8259, section 6) spells an integer in one way, without leading zeros. Other numbers have several spellings, such as 1.0 and
    // 1e0, and a sender that writes its retry in another one would run twice. So would -0, which most writers make 0.
    private static bool IsInteger(ReadOnlySpan<byte> number) =>
        !number.ContainsAny(".eE"u8) && !number.SequenceEqual("-0"u8);
}
