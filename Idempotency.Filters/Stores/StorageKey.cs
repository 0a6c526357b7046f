namespace Idempotency.Filters.Stores;

/// <summary>The key of a record in a store, in two parts: the scope that it belongs to, then the rest.</summary>
/// <remarks>
/// Most stores use <see cref="Value"/> alone. A store that finds all keys of one scope without reading every key it has stores the two
/// parts apart.
/// </remarks>
public readonly record struct StorageKey
{
    private readonly string? _value;

    /// <summary>Makes a key of its text.</summary>
    /// <param name="value">The whole key, the scope first.</param>
    /// <param name="scopeLength">
    /// How many characters of it are the scope, which is what <see cref="IIdempotencyKeyEncoder.EncodeScope"/> returns.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="scopeLength"/> is negative, or more than the key has.</exception>
    public StorageKey(string value, int scopeLength)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentOutOfRangeException.ThrowIfNegative(scopeLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(scopeLength, value.Length);
        _value = value;
        ScopeLength = scopeLength;
    }

    /// <summary>The whole key. Empty for a default key.</summary>
    public string Value => _value ?? "";

    /// <summary>How many characters of <see cref="Value"/> are the scope.</summary>
    public int ScopeLength { get; }

    /// <summary>The scope, with which all keys of one caller begin, and no key of another.</summary>
    public ReadOnlySpan<char> Scope => Value.AsSpan(0, ScopeLength);

    /// <summary>The whole key.</summary>
    public override string ToString() => Value;
}
