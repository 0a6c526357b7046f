using Idempotency.Filters.Requests;

namespace Idempotency.Filters.Keys;

/// <summary>Reads the key of a request from the places that the policy names.</summary>
internal sealed class KeyReader
{
    private readonly KeyRules _rules;
    private readonly KeySource[] _sources;
    private readonly ImmediateKeySource[]? _immediate;
    private readonly bool _readsForms;

    /// <param name="sources">Where the key may be sent, in order; empty = only in the header.</param>
    /// <param name="header">The name of that header.</param>
    /// <param name="rules">Which keys are accepted.</param>
    public KeyReader(IList<KeySource> sources, string header, in KeyRules rules)
    {
        _rules = rules;
        _sources = sources.Count > 0 ? [.. sources] : [KeySource.Header(header)];
        _readsForms = Array.Exists(_sources, source => source is FormKeySource);
        _immediate = Array.TrueForAll(_sources, source => source is ImmediateKeySource)
            ? [.. _sources.Cast<ImmediateKeySource>()]
            : null;
        Name = sources.Count > 0 ? "The idempotency key" : header;
    }

    /// <summary>What messages to clients call the key.</summary>
    public string Name { get; }

    /// <summary>Where clients may send the key.</summary>
    public string Places => _sources switch
    {
        [var single] => single.Place,
        [.. var others, var last] => $"{string.Join(", ", others.Select(source => source.Place))} or {last.Place}",
        [] => "",
    };

    // Not async on purpose: most requests have their key in a header, and reading it never waits.
    public ValueTask<KeyReading> ReadAsync(HttpContext http) =>
        _immediate is null ? ReadFromBodyAsync(http) : new(Read(_immediate, http));

    private KeyReading Read(ImmediateKeySource[] sources, HttpContext http)
    {
        foreach (var source in sources)
        {
            var reading = source.Read(http, _rules);
            if (reading.Status is not KeyStatus.Missing)
                return reading;
        }

        return default;
    }

    private async ValueTask<KeyReading> ReadFromBodyAsync(HttpContext http)
    {
        try
        {
            // Parse the form even if another source has the key. The fingerprint of a parsed form cannot be compared with the fingerprint
            // of its bytes, so a key reused once in a header and once in the form would go unnoticed.
            if (_readsForms && await FormKeySource.ParseAsync(http, _rules) is { Problem: { } problem })
                return KeyReading.Malformed(problem);

            foreach (var source in _sources)
            {
                var reading = await source.ReadAsync(http, _rules);
                if (reading.Status is not KeyStatus.Missing)
                    return reading;
            }

            return default;
        }
        catch (RequestBodyTooLargeException)
        {
            return new(KeyStatus.OutOfReach, null, null);
        }
        catch (RequestBodyTooSlowException)
        {
            return new(KeyStatus.Late, null, null);
        }
    }
}
