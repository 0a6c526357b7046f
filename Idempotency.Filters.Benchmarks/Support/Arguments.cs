using System.Globalization;
using System.Numerics;
using Idempotency.Filters.Benchmarks.Server;

namespace Idempotency.Filters.Benchmarks.Support;

/// <summary>
/// Arguments of the form <c>--name value</c>; one without a value is a switch. What is wrong with them is told to who wrote them.
/// </summary>
internal sealed class Arguments
{
    private const int LargestBody = 1_000_000;

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <param name="args">What stands on the command line.</param>
    /// <param name="known">The names that there are.</param>
    /// <exception cref="UsageException">There is something else.</exception>
    public Arguments(string[] args, params IEnumerable<string> known)
    {
        for (var i = 0; i < args.Length; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
                throw new UsageException($"'{args[i]}' stands where a --name was expected.");
            var name = args[i][2..];
            if (!known.Contains(name))
                throw new UsageException($"There is no --{name} here. There are: --{string.Join(", --", known)}.");
            var hasValue = i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal);
            _values[name] = hasValue ? args[++i] : "true";
        }
    }

    public bool Has(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (_values.ContainsKey(name))
                return true;
        }

        return false;
    }

    public T Get<T>(string name, T otherwise)
        where T : IParsable<T> => _values.TryGetValue(name, out var value) ? Parse<T>(name, value) : otherwise;

    public T AtLeast<T>(string name, T least, T otherwise)
        where T : INumber<T> => One(name, ListAtLeast(name, least, [otherwise]));

    public T[] ListAtLeast<T>(string name, T least, T[] otherwise)
        where T : INumber<T>
    {
        var numbers = List(name, otherwise);
        return Array.TrueForAll(numbers, number => number >= least)
            ? numbers
            : throw new UsageException($"--{name} must be {least} or more.");
    }

    public int BodySize(string name, int otherwise) => One(name, BodySizes(name, otherwise));

    /// <summary>Sizes of bodies that there can be, and whose answers are kept.</summary>
    public int[] BodySizes(string name, params int[] otherwise)
    {
        var sizes = ListAtLeast(name, CreatePayment.ShortestJson, otherwise);
        return Array.TrueForAll(sizes, size => size <= LargestBody)
            ? sizes
            : throw new UsageException($"--{name} must be {LargestBody} or less: a larger answer is not kept.");
    }

    public string Choice(string name, IEnumerable<string> allowed, string otherwise) => One(name, Choices(name, allowed, otherwise));

    /// <summary>One or several of what is allowed.</summary>
    public string[] Choices(string name, IEnumerable<string> allowed, params string[] otherwise)
    {
        var chosen = List(name, otherwise);
        return Array.Find(chosen, choice => !allowed.Contains(choice)) is { } unknown
            ? throw new UsageException($"--{name} knows no '{unknown}'. It knows: {string.Join(", ", allowed)}.")
            : chosen;
    }

    private static T One<T>(string name, T[] values) =>
        values is [var only] ? only : throw new UsageException($"--{name} takes one value.");

    private T[] List<T>(string name, T[] otherwise)
        where T : IParsable<T> => _values.TryGetValue(name, out var value)
        ? [.. value.Split(',').Select(part => Parse<T>(name, part))]
        : otherwise;

    private static T Parse<T>(string name, string value)
        where T : IParsable<T> => T.TryParse(value, CultureInfo.InvariantCulture, out var parsed)
        ? parsed
        : throw new UsageException($"--{name} cannot be '{value}'.");
}
