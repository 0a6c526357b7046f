namespace Idempotency.Filters.Internal;

/// <summary>Has the form parsed, which the action, model binding and the fingerprint then share.</summary>
internal sealed class FormKeySource(string name) : KeySource($"the form field {name}")
{
    internal override string? Defect => name.Length > 0 ? null : "the name is empty.";

    internal override async ValueTask<KeyReading> ReadAsync(HttpContext http, IdempotencyOptions options)
    {
        if (!http.Request.HasFormContentType)
            return default;
        if (FormFingerprint.IsLocked(http.Request))
            return KeyReading.Malformed("The form cannot be read, because its antiforgery token is missing or wrong.");

        IFormCollection form;
        try
        {
            form = await http.Request.ReadFormAsync(http.RequestAborted);
        }
        catch (BadHttpRequestException exception) when (exception.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw new RequestBodyTooLargeException(exception);
        }
        catch (Exception exception) when (
            exception is InvalidDataException or (IOException and not BadHttpRequestException) && !http.RequestAborted.IsCancellationRequested)
        {
            return KeyReading.Malformed("Send a valid form within the limits of this server; this one cannot be read.");
        }

        return form.Files.GetFile(name) is null
            ? QueryKeySource.Field(form[name], this, options)
            : KeyReading.Malformed($"Send {Place} as text; this one is a file.");
    }
}
