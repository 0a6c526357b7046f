using Idempotency.Filters.Requests;

namespace Idempotency.Filters.Keys;

/// <summary>Parses the form. The action, model binding and the fingerprint then share the parsed form.</summary>
internal sealed class FormKeySource(string name) : KeySource($"the form field {name}")
{
    internal override string? Defect => name.Length > 0 ? null : "the name is empty.";

    /// <returns>The form, or what is wrong with it. Neither when the body is not a form.</returns>
    /// <exception cref="RequestBodyTooLargeException">The body is larger than the server admits.</exception>
    /// <exception cref="RequestBodyTooSlowException">The body did not come in time.</exception>
    public static async ValueTask<(IFormCollection? Form, string? Problem)> ParseAsync(HttpContext http, KeyRules rules)
    {
        // HasFormContentType, too, throws on a form that antiforgery has locked.
        if (FormFingerprint.IsLocked(http.Request))
        {
            return FormFingerprint.IsForm(http.Request.ContentType)
                ? (null, "The form cannot be read, because its antiforgery token is missing or wrong.")
                : default;
        }

        if (!http.Request.HasFormContentType)
            return default;

        try
        {
            var form = await BodyPatience.ReadAsync(
                http, rules.BodyReadTimeout, token => PatientForm.ReadAsync(http.Request, maxBytes: null, token));
            return (form, null);
        }
        catch (BadHttpRequestException exception) when (exception.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw new RequestBodyTooLargeException(exception);
        }
        catch (Exception exception) when (FormFingerprint.IsMalformed(exception) && !http.RequestAborted.IsCancellationRequested)
        {
            return (null, "Send a valid form within the limits of this server; this one cannot be read.");
        }
    }

    internal override async ValueTask<KeyReading> ReadAsync(HttpContext http, KeyRules rules)
    {
        var (form, problem) = await ParseAsync(http, rules);
        if (form is null)
            return problem is null ? default : KeyReading.Malformed(problem);

        return form.Files.GetFile(name) is null
            ? ReadField(form[name], rules)
            : KeyReading.Malformed($"Send {Place} as text; this one is a file.");
    }
}
