using Idempotency.Filters.Requests;

namespace Idempotency.Filters.Keys;

/// <summary>Reads the key of a request from the places that its policy names.</summary>
internal sealed class KeyReader
{
    private readonly IdempotencyOptions _options;
    private readonly KeySource[] _sources;
    private readonly ImmediateKeySource[]? _immediate;
    private readonly bool _readsForms;

    public KeyReader(IdempotencyOptions options)
    {
        _options = options;
        _sources = Sources(options);
        _readsForms = Array.Exists(_sources, source => source is FormKeySource);
        _immediate = Array.TrueForAll(_sources, source => source is ImmediateKeySource) ? [.. _sources.Cast<ImmediateKeySource>()] : null;
    }

    public static KeySource[] Sources(IdempotencyOptions options) =>
        options.KeySources is { Count: > 0 } sources ? [.. sources] : [KeySource.Header(options.HeaderName)];

    // Not asynchronous where it need not wait: most requests have their key in a header.
    public ValueTask<KeyReading> ReadAsync(HttpContext http) =>
        _immediate is null ? ReadFromBodyAsync(http) : new(Read(_immediate, http));

    private KeyReading Read(ImmediateKeySource[] sources, HttpContext http)
    {
        foreach (var source in sources)
        {
            var reading = source.Read(http, _options);
            if (reading.Status is not KeyStatus.Missing)
                return reading;
        }

        return default;
    }

    private async ValueTask<KeyReading> ReadFromBodyAsync(HttpContext http)
    {
        try
        {
            // Wherever the key is: the fingerprint of a form that was parsed cannot be compared with that of its bytes, so that a reused
            // key which moved from a header into the form would go unnoticed.
            if (_readsForms && await FormKeySource.ParseAsync(http) is { Problem: { } problem })
                return KeyReading.Malformed(problem);

            foreach (var source in _sources)
            {
                var reading = await source.ReadAsync(http, _options);
                if (reading.Status is not KeyStatus.Missing)
                    return reading;
            }

            return default;
        }
        catch (RequestBodyTooLargeException)
        {
            return new(KeyStatus.OutOfReach, null, null);
        }
    }
}
