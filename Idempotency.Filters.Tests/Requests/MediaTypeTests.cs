using FsCheck;
using FsCheck.Fluent;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Requests;

namespace Idempotency.Filters.Tests.Requests;

/// <summary>Which content types are the same, and that no other two are.</summary>
internal sealed class MediaTypeTests
{
    // Pieces that make valid and invalid content types, often nearly the same.
    private static readonly Arbitrary<string[]> ContentTypes = Gen.Elements(
            "text/plain", "TEXT/plain", "application/json", ";", "; ", "v", "V", "=", "1", "\"1\"", "\"", "1.0", ",", " ", "charset=utf-8",
            "a=b", "\\", "\u00e9")
        .ArrayOf().Select(string.Concat).Resize(6).ArrayOf(8).ToArbitrary();

    [TestCase("application/json", "Application/JSON", TestName = "Case of the type does not count")]
    [TestCase("application/json;v=1", "application/json ; V=1", TestName = "Blanks and case of a name do not count")]
    [TestCase("application/json;v=1.0", "application/json;v=\"1.0\"", TestName = "Quotes do not count")]
    [TestCase("a/b;v=\"x\\y\"", "a/b;v=xy", TestName = "Escapes do not count")]
    [TestCase("a/b;v=1;w=2", "a/b;w=2;v=1", TestName = "Order of parameters does not count")]
    [TestCase("a/b;v=1", "a/b;charset=utf-8;v=1", TestName = "Charset does not count")]
    [TestCase("a/b;v=1;charset=utf-8", "a/b;Charset=\"UTF-16\";v=1", TestName = "Another charset does not count")]
    [TestCase("multipart/form-data;boundary=x;v=1", "multipart/form-data;v=1;boundary=\"y\"", TestName = "Boundary does not count")]
    [TestCase(null, "", TestName = "An empty content type is none")]
    [TestCase(" nonsense", "nonsense ", TestName = "Blanks around what is not valid do not count")]
    public void SameMediaType(string? one, string? other) => Assert.That(Hash(one).Matches(Hash(other)), Is.True);

    [TestCase("application/json;v=1", "application/json;v=2", TestName = "Another version")]
    [TestCase("application/json;v=1", "application/json", TestName = "No version")]
    [TestCase("application/json;v=1", "application/json;w=1", TestName = "Another name")]
    [TestCase("application/json;v=a", "application/json;v=A", TestName = "Another case of a value")]
    [TestCase("a/b;v=1;v=2", "a/b;v=2;v=1", TestName = "Another order of one name")]
    [TestCase("a/b;v=1;v=1", "a/b;v=1", TestName = "A parameter given twice")]
    [TestCase("a/b;v=1", "a/b;v=\"1;w=2\"", TestName = "A value that spells another parameter")]
    [TestCase("a/b;v=1;w=2", "a/b;v=\"1;w=2\"", TestName = "A value that spells two parameters")]
    [TestCase("a/b;v", "a/b;v=\"\"", TestName = "No value and an empty value")]
    [TestCase("application/vnd.x.v1+json", "application/vnd.x.v2+json", TestName = "Another subtype")]
    [TestCase("nonsense", "nonsense2", TestName = "Other nonsense")]
    [TestCase("nonsense", null, TestName = "Nonsense and nothing")]
    [TestCase("a/b, a/b", "a/b", TestName = "Two content types")]
    [TestCase("a/b;v=1, a/b;v=2", "a/b;v=1, a/b;v=3", TestName = "Two content types of other versions")]
    [TestCase("a/b;v=1\"", "a/b;v=2\"", TestName = "Broken quotes around other versions")]
    public void OtherMediaType(string? one, string? other) => Assert.That(Hash(one).Matches(Hash(other)), Is.False);

    [FsCheck.NUnit.Property(MaxTest = 300)]
    public Property EveryContentTypeHasAHashAndOnlyTheSameOneHasIt() => Prop.ForAll(ContentTypes, types =>
    {
        var (hashes, texts) = (Array.ConvertAll(types, Hash), Array.ConvertAll(types, Plain));
        return hashes.Index().All(one => hashes.Index().All(other =>
            one.Item.Matches(other.Item) == (texts[one.Index] == texts[other.Index])));
    });

    private static Sha256Digest Hash(string? contentType)
    {
        var hasher = Hashing.Plain.Rent();
        MediaType.Append(hasher, contentType);
        return hasher.Complete();
    }

    // The same rules in a way that is easy to read.
    private static string Plain(string contentType)
    {
        if (!Microsoft.Net.Http.Headers.MediaTypeHeaderValue.TryParse(contentType, out var parsed))
            return $"invalid {contentType.Trim()}";

        var parameters = parsed.Parameters.Where(p => p.Name.Value is not "charset")
            .Select(p => $"{p.Name.Value!.ToLowerInvariant()} {p.Value.HasValue} {Value(p)}")
            .OrderBy(p => p.Split(' ')[0], StringComparer.Ordinal);
        return $"{parsed.MediaType.Value!.ToLowerInvariant()} {string.Join('|', parameters)}";

        static string Value(Microsoft.Net.Http.Headers.NameValueHeaderValue parameter) => $"{parameter.GetUnescapedValue()}";
    }
}
