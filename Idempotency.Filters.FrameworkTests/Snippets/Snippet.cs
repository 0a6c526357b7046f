using System.Text.RegularExpressions;

namespace Idempotency.Filters.FrameworkTests.Snippets;

/// <summary>A block of code in a page of the documentation.</summary>
/// <param name="Page">The page.</param>
/// <param name="Line">Where the block begins.</param>
/// <param name="Code">What is in it.</param>
internal sealed partial record Snippet(string Page, int Line, string Code)
{
    public override string ToString() => $"{Page}:{Line}";

    /// <summary>Every block of a language in a page.</summary>
    public static IEnumerable<Snippet> In(string page, string language)
    {
        var text = File.ReadAllText(Path.Combine(Sources.Root, page)).ReplaceLineEndings("\n");
        return Block().Matches(text)
            .Where(block => block.Groups["language"].Value == language)
            .Select(block => new Snippet(page, text[..block.Index].Count(c => c == '\n') + 1, Unindented(block)));
    }

    // A block in a list is indented.
    private static string Unindented(Match block) =>
        block.Groups["code"].Value.Replace("\n" + block.Groups["indent"].Value, "\n", StringComparison.Ordinal).TrimStart(' ');

    [GeneratedRegex(@"^(?<indent> *)```(?<language>\w+)\n(?<code>.*?)^\k<indent>```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();
}
