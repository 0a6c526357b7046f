namespace Idempotency.Filters.Internal;

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

    /// <summary>Whether the body may have to be read. Then only <see cref="ReadAsync"/> can be used.</summary>
    public bool MayReadBody => _immediate is null;

    public static KeySource[] Sources(IdempotencyOptions options) =>
        options.KeySources is { Count: > 0 } sources ? [.. sources] : [KeySource.Header(options.HeaderName)];

    public KeyReading Read(HttpContext http)
    {
        foreach (var source in _immediate!)
        {
            var reading = source.Read(http, _options);
            if (reading.Status is not KeyStatus.Missing)
                return reading;
        }

        return default;
    }

    /// <exception cref="RequestBodyTooLargeException">The body is larger than may be read for it.</exception>
    public async ValueTask<KeyReading> ReadAsync(HttpContext http)
    {
        // Wherever the key is: the fingerprint of a form that was parsed cannot be compared with that of its bytes, so that a reused key
        // which moved from a header into the form would go unnoticed.
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
}
