using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Idempotency.Filters.Tests.House;

/// <summary>A reader finds a type by its name: a file of a product has one type, and is named after it.</summary>
internal sealed class FilesTests
{
    [TestCase("Idempotency.Filters")]
    [TestCase("Idempotency.Filters.Redis")]
    [TestCase("Idempotency.Filters.Medallion")]
    public void FileHasTheNameOfItsOneType(string project)
    {
        var wrong =
            from file in RoomGraph.Files(RoomGraph.SourcesOf(project))
            let types = TypesIn(file)
            // A part of a type has the name of the part behind a dot.
            where types is not [var only] || only != Path.GetFileName(file).Split('.')[0]
            select $"{Path.GetFileName(file)}: {string.Join(", ", types)}";

        Assert.That(wrong, Is.Empty);
    }

    private static string[] TypesIn(string file) =>
    [
        .. CSharpSyntaxTree.ParseText(File.ReadAllText(file)).GetRoot()
            .DescendantNodes(node => node is CompilationUnitSyntax or BaseNamespaceDeclarationSyntax)
            .Select(node => node switch
            {
                BaseTypeDeclarationSyntax type => type.Identifier.Text,
                DelegateDeclarationSyntax type => type.Identifier.Text,
                _ => null,
            })
            .OfType<string>(),
    ];
}
