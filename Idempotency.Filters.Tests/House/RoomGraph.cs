using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Idempotency.Filters.Tests.House;

/// <summary>
/// Which folder of a project uses which, found by compiling its sources. Comments do not count: a reader may be sent anywhere.
/// </summary>
internal sealed class RoomGraph
{
    private const string ImplicitUsings = """
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq;
        global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;
        global using Microsoft.AspNetCore.Http;
        """;

    private readonly string _root;
    private readonly CSharpCompilation _compilation;

    private RoomGraph(string root)
    {
        _root = root;
        var options = CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.Preview);
        var assemblies = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        _compilation = CSharpCompilation.Create(
            "Rooms",
            Files(root).Select(file => CSharpSyntaxTree.ParseText(File.ReadAllText(file), options, file)).Prepend(
                CSharpSyntaxTree.ParseText(ImplicitUsings, options)),
            // Without the compiled project, whose types would hide those of its sources.
            assemblies
                .Where(path => Path.GetFileNameWithoutExtension(path) != Path.GetFileName(root))
                .Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
    }

    /// <summary>Every reference from one room to another.</summary>
    public IReadOnlyList<RoomReference> References { get; private init; } = [];

    /// <param name="project">The name of the project, which is that of its folder.</param>
    public static RoomGraph Of(string project)
    {
        var graph = new RoomGraph(SourcesOf(project));
        return new RoomGraph(graph._root) { References = [.. graph._compilation.SyntaxTrees.SelectMany(graph.ReferencesOf)] };
    }

    public override string ToString() => string.Join('\n', References
        .GroupBy(reference => reference.From, StringComparer.Ordinal)
        .OrderBy(room => room.Key, StringComparer.Ordinal)
        .Select(room => $"{room.Key} -> {Describe(room.CountBy(reference => reference.To))}"));

    private static string Describe(IEnumerable<KeyValuePair<string, int>> uses) =>
        string.Join(", ", uses.OrderBy(use => use.Key, StringComparer.Ordinal).Select(use => $"{use.Key} ({use.Value})"));

    /// <summary>The folder of a project.</summary>
    public static string SourcesOf(string project) => Path.Combine(
        typeof(RoomGraph).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "SourceRoot").Value!,
        project);

    /// <summary>The sources in a folder, without what a build made.</summary>
    public static IEnumerable<string> Files(string root) => Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
        .Where(file => !Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar).Intersect(["bin", "obj"]).Any())
        .Order(StringComparer.Ordinal);

    private IEnumerable<RoomReference> ReferencesOf(SyntaxTree tree)
    {
        if (tree.FilePath is "")
            yield break;

        var model = _compilation.GetSemanticModel(tree);
        var from = RoomOf(tree);
        foreach (var name in tree.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>())
        {
            var declaration = DeclarationOf(model.GetSymbolInfo(name).Symbol);
            if (declaration is not null && RoomOf(declaration.SyntaxTree) is var to && to != from)
            {
                var line = tree.GetLineSpan(name.Span).StartLinePosition.Line + 1;
                yield return new(from, to, $"{Path.GetRelativePath(_root, tree.FilePath)}:{line} uses {name.Identifier.Text}");
            }
        }
    }

    private static SyntaxReference? DeclarationOf(ISymbol? symbol)
    {
        var type = symbol as INamedTypeSymbol ?? symbol?.ContainingType;
        return type?.OriginalDefinition.DeclaringSyntaxReferences.FirstOrDefault();
    }

    private string RoomOf(SyntaxTree tree) =>
        Path.GetRelativePath(_root, Path.GetDirectoryName(tree.FilePath)!).Replace(Path.DirectorySeparatorChar, '/');
}
