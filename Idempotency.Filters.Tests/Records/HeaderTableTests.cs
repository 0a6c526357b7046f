using Idempotency.Filters.Records;

namespace Idempotency.Filters.Tests.Records;

/// <summary>Stored records refer to the table by index, and older instances read them. So the entries of a version never change.</summary>
internal sealed class HeaderTableTests
{
    /// <summary>
    /// Fails if somebody adds an entry to a released version. Put the entry into a new list for the next version, raise
    /// <see cref="ResponseRecordWriter.NewestVersion"/>, and add its lines as header-table-v(next).txt next to the other files.
    /// </summary>
    [Test]
    public void EntriesOfAVersionNeverChange()
    {
        for (var version = 1; version <= ResponseRecordWriter.NewestVersion; version++)
        {
            var lines = Entries().Where(entry => entry.Version == version).Select(entry => entry.Line);
            Assert.That(lines, Is.EqualTo(Golden(version)), $"version {version}");
        }

        Assert.That(Entries().Max(entry => entry.Version), Is.LessThanOrEqualTo(ResponseRecordWriter.NewestVersion));
    }

    [Test]
    public void ReaderOfAnOlderVersionDoesNotKnowWhatANewerOneAdded()
    {
        var texts = new HeaderTexts([["old"], ["new"]]);

        Assert.That((texts.At(1, version: 1), texts.At(2, version: 1), texts.At(2, version: 2)), Is.EqualTo(("old", (string?)null, "new")));
    }

    [Test]
    public void EntryHasTheVersionThatAddedIt()
    {
        var texts = new HeaderTexts([["old"], ["new"]]);

        Assert.That((texts.VersionOf(texts.IndexOf("old")), texts.VersionOf(texts.IndexOf("new"))), Is.EqualTo(((byte)1, (byte)2)));
        Assert.That(texts.VersionOf(texts.IndexOf("literal")), Is.EqualTo(1));
    }

    private static IEnumerable<(byte Version, string Line)> Entries()
    {
        for (byte index = 1; HeaderTable.NameAt(index, byte.MaxValue) is { } name; index++)
            yield return (HeaderTable.VersionOfName(index), $"name {index} {name}");
        for (byte index = 1; HeaderTable.ValueAt(index, byte.MaxValue) is { } value; index++)
            yield return (HeaderTable.VersionOfValue(index), $"value {index} {value}");
    }

    private static string[] Golden(int version)
    {
        using var stream = typeof(HeaderTableTests).Assembly.GetManifestResourceStream(
            typeof(HeaderTableTests), $"Golden.header-table-v{version}.txt")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
