using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Requests;

namespace Idempotency.Filters.Tests.Requests;

public class MultipartFingerprintTests
{
    // Few letters, so that boundaries and near-boundaries are everywhere.
    private static readonly Gen<string> Text = Gen.Elements('a', 'b').ArrayOf().Select(letters => new string(letters));

    private static readonly Arbitrary<(string Boundary, string Body, int[] Pieces)> Cases = (
        from boundary in Text.Where(text => text.Length > 0).Resize(6)
        from parts in Gen.OneOf(Text, Gen.Constant(boundary)).ArrayOf()
        from pieces in Gen.Choose(1, 9).ArrayOf()
        select (boundary, string.Concat(parts), pieces)).ToArbitrary();

    [FsCheck.NUnit.Property(MaxTest = 5000)]
    public Property AnyChunkingGivesTheHashOfTheWholeWithItsBoundariesReplaced() => Prop.ForAll(Cases, test =>
        Hash($"multipart/mixed; boundary={test.Boundary}", test.Body, test.Pieces).Matches(Naive(test.Boundary, test.Body)));

    [Test]
    public void ARetryWithAnotherBoundaryIsTheSame()
    {
        static Sha256Digest Of(string boundary, string content) => Hash(
            $"multipart/form-data; boundary=\"{boundary}\"",
            $"--{boundary}\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n{content}\r\n--{boundary}--\r\n", [7]);

        Assert.That(Of("----WebKitFormBoundaryA1", "hello").Matches(Of("3f0c2d", "hello")), Is.True);
        Assert.That(Of("----WebKitFormBoundaryA1", "hello").Matches(Of("3f0c2d", "hallo")), Is.False);
    }

    [TestCase("multipart/form-data; boundary=x", true)]
    [TestCase("Multipart/Related;type=\"a/b\"; Boundary=\"x\"", true)]
    [TestCase("multipart/form-data", false)]
    [TestCase("multipart/form-data; boundary=\"\"", false)]
    [TestCase("multipart/form-data; boundary=a b", false)]
    [TestCase("application/json; boundary=x", false)]
    [TestCase("nonsense", false)]
    [TestCase(null, false)]
    public void OnlyMultipartWithABoundaryIsNormalised(string? contentType, bool normalised)
    {
        var hasher = Hashing.Plain.Rent(contentType);

        Assert.That(hasher.Form, Is.EqualTo(normalised ? BodyForm.Multipart : BodyForm.Bytes));
        hasher.Abandon();
    }

    [TestCase(128, true)]
    [TestCase(129, false)]
    public void ABoundaryThatIsLongerThanAnyParserReadsIsNotSearchedFor(int length, bool normalised)
    {
        var hasher = Hashing.Plain.Rent($"multipart/form-data; boundary={new string('b', length)}");

        Assert.That(hasher.Form, Is.EqualTo(normalised ? BodyForm.Multipart : BodyForm.Bytes));
        hasher.Abandon();
    }

    [Test]
    public void AnAbandonedHasherLeavesNothingBehind()
    {
        for (var i = 0; i < 3; i++)
        {
            var abandoned = Hashing.Plain.Rent("multipart/mixed; boundary=ab");
            abandoned.Append("xxa"u8);
            abandoned.Abandon();

            Assert.That(Hash(null, "body", []).Matches(Sha256Digest.From(SHA256.HashData("body"u8))), Is.True);
        }
    }

    private static Sha256Digest Hash(string? contentType, string body, int[] pieces)
    {
        var hasher = Hashing.Plain.Rent(contentType);
        foreach (var piece in Segments.Pieces(Encoding.Latin1.GetBytes(body), pieces))
            hasher.Append(piece);
        return hasher.Complete();
    }

    private static Sha256Digest Naive(string boundary, string body) =>
        Sha256Digest.From(SHA256.HashData(Encoding.Latin1.GetBytes(body.Replace(boundary, "\0boundary\0", StringComparison.Ordinal))));
}
