using System.Collections.Frozen;

namespace Idempotency.Filters.Records;

/// <summary>One of the two tables of <see cref="HeaderTable"/>, in the order of its indexes.</summary>
internal sealed class HeaderTexts
{
    private readonly (string Text, byte Version)[] _entries;
    private readonly FrozenDictionary<string, byte> _indexes;

    /// <param name="versions">What each version added, starting with version 1.</param>
    public HeaderTexts(string[][] versions)
    {
        _entries = [.. versions.SelectMany((texts, i) => texts.Select(text => (text, checked((byte)(i + 1)))))];
        _indexes = _entries.Index().ToFrozenDictionary(
            entry => entry.Item.Text, entry => checked((byte)(entry.Index + 1)), StringComparer.Ordinal);
    }

    /// <summary>0 if the text is not in the table.</summary>
    public byte IndexOf(string text) => _indexes.GetValueOrDefault(text);

    /// <summary>The version that added the entry; 1 for a text that is not in the table.</summary>
    public byte VersionOf(byte index) => index == 0 ? (byte)1 : _entries[index - 1].Version;

    /// <summary>Null if the table of this version has no such index.</summary>
    public string? At(byte index, byte version) =>
        index > 0 && index <= _entries.Length && _entries[index - 1] is var entry && entry.Version <= version ? entry.Text : null;
}
