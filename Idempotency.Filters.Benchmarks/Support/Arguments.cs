namespace Idempotency.Filters.Benchmarks.Support;

/// <summary>Arguments of the form <c>--name value</c>; one without a value is a switch.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    public Arguments(string[] args)
    {
        for (var i = 0; i < args.Length; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
                throw new ArgumentException($"'{args[i]}' stands where a --name was expected.");
            var hasValue = i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal);
            _values[args[i][2..]] = hasValue ? args[++i] : "true";
        }
    }

    public bool Has(string name) => _values.GetValueOrDefault(name) is "true";

    public T Get<T>(string name, T otherwise)
        where T : IParsable<T> => _values.TryGetValue(name, out var value) ? T.Parse(value, null) : otherwise;

    public T[] List<T>(string name, T[] otherwise)
        where T : IParsable<T> => _values.TryGetValue(name, out var value) ? [.. value.Split(',').Select(part => T.Parse(part, null))] : otherwise;
}
