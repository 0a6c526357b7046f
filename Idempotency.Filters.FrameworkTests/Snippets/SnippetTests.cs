using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Idempotency.Filters.FrameworkTests.Snippets;

/// <summary>
/// The C# of the pages compiles as it stands: with the implicit usings of a web project, its own <c>using</c> lines, and the types of an
/// application that <c>Given.txt</c> has.
/// </summary>
internal sealed class SnippetTests
{
    private static readonly string[] Pages = ["README.md", "docs/hosts.md", "docs/own-store.md"];

    private static readonly MetadataReference[] References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path) != Path.GetFileName(typeof(SnippetTests).Assembly.Location))
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];

    private static IEnumerable<Snippet> All => Pages.SelectMany(page => Snippet.In(page, "csharp"));

    [TestCaseSource(nameof(All))]
    public void SnippetCompiles(Snippet snippet)
    {
        var options = CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.Preview);
        var given = File.ReadAllText(Path.Combine(Sources.Root, "Idempotency.Filters.FrameworkTests", "Snippets", "Given.txt"));
        // A page that shows the store shows how to register it as well.
        var store = File.ReadAllText(Path.Combine(Sources.Root, "Idempotency.Filters.Tests", "Stores", "Own", "TableStore.cs"));
        List<string> sources = [given, Program(snippet.Code)];
        if (!snippet.Code.Contains("class TableStore", StringComparison.Ordinal))
            sources.Add(store);

        var trees = sources.Select(source => CSharpSyntaxTree.ParseText(source, options)).ToArray();
        var isProgram = trees[1].GetCompilationUnitRoot().Members.Any(member => member is GlobalStatementSyntax);
        var compilation = CSharpCompilation.Create(
            "Snippet",
            trees,
            References,
            new CSharpCompilationOptions(
                isProgram ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary,
                nullableContextOptions: NullableContextOptions.Enable));

        Assert.That(
            compilation.GetDiagnostics().Where(diagnostic => diagnostic.Severity is DiagnosticSeverity.Error),
            Is.Empty,
            sources[1]);
    }

    [Test]
    public void PageOfTheStoreShowsTheStoreThatIsTested() => Assert.That(
        Snippet.In("docs/own-store.md", "csharp").Select(snippet => snippet.Code),
        Has.Member(File.ReadAllText(Path.Combine(Sources.Root, "Idempotency.Filters.Tests", "Stores", "Own", "TableStore.cs"))));

    [Test]
    public void FormOfTheReadmeIsThePageThatIsTested() => Assert.That(
        Snippet.In("README.md", "cshtml").Select(snippet => snippet.Code),
        Is.EqualTo([File.ReadAllText(Path.Combine(Sources.Root, "Idempotency.Filters.Tests", "Pages", "Readme.cshtml"))]));

    /// <summary>Members of a controller have the usings of the controller in the quick start.</summary>
    private static string Program(string code)
    {
        var root = CSharpSyntaxTree.ParseText(code).GetCompilationUnitRoot();
        if (!root.Members.All(IsMethod))
            return code;

        return "using Idempotency.Filters;\nusing Microsoft.AspNetCore.Mvc;\n"
            + $"public class SnippetController(Ledger ledger) : ControllerBase {{\n{code}\n}}";
    }

    private static bool IsMethod(MemberDeclarationSyntax member) =>
        member is GlobalStatementSyntax { Statement: LocalFunctionStatementSyntax } or MethodDeclarationSyntax;
}
