using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Requests;
using Microsoft.AspNetCore.WebUtilities;

namespace Idempotency.Filters.Tests.Requests;

public class MultipartFingerprintTests
{
    // Few letters, so that boundaries and near-boundaries are everywhere.
    private static readonly Gen<string> Boundary = Gen.Elements('a', 'b', '-').ArrayOf().Where(letters => letters.Length > 0).Resize(3)
        .Select(letters => new string(letters));

    private static readonly Arbitrary<(string Boundary, string Body, int[] Pieces)> Cases = (
        from boundary in Boundary
        from body in Bodies(boundary)
        from pieces in Gen.Choose(1, 9).ArrayOf()
        select (boundary, body, pieces)).ToArbitrary();

    private static readonly Arbitrary<(string Boundary, string Body, string Other, string OtherBody)> Pairs = (
        from boundary in Boundary
        from other in Boundary
        from body in Bodies(boundary)
        from swapped in Gen.Choose(0, 7)
        select (boundary, body, other, Swapped(body, boundary, other, swapped))).ToArbitrary();

    [FsCheck.NUnit.Property(MaxTest = 5000)]
    public Property AnyChunkingGivesTheHashOfTheWhole() => Prop.ForAll(Cases, test =>
        Hash($"multipart/mixed; boundary=\"{test.Boundary}\"", test.Body, test.Pieces)
            .Matches(Hash($"multipart/mixed; boundary=\"{test.Boundary}\"", test.Body, [])));

    [FsCheck.NUnit.Property(MaxTest = 20_000)]
    public Property BodiesOfOneHashHaveTheSamePartsForEveryParser() => Prop.ForAll(Pairs, pair =>
        !Hash($"multipart/mixed; boundary=\"{pair.Boundary}\"", pair.Body, [])
            .Matches(Hash($"multipart/mixed; boundary=\"{pair.Other}\"", pair.OtherBody, []))
        || (Lenient(pair.Boundary, pair.Body).SequenceEqual(Lenient(pair.Other, pair.OtherBody))
            && Strict(pair.Boundary, pair.Body).SequenceEqual(Strict(pair.Other, pair.OtherBody))
            && AspNetCore(pair.Boundary, pair.Body).SequenceEqual(AspNetCore(pair.Other, pair.OtherBody))));

    [TestCase("AB", "CD", "xABx", "xCDx", TestName = "A boundary inside the content is content")]
    [TestCase("1000", "9999", "1000", "9999", TestName = "A field may be what the boundary is")]
    [TestCase("AB", "CD", "--AB", "--CD", TestName = "Dashes and a boundary at the start of the content are content")]
    [TestCase("AB", "CD", "x\n--AB\nx", "x\n--CD\nx", TestName = "A bare LF starts no delimiter line")]
    [TestCase("AB", "CD", "x\r--AB\r\nx", "x\r--CD\r\nx", TestName = "A bare CR starts no delimiter line")]
    [TestCase("AB", "CD", "x\r\nAB\r\nx", "x\r\nCD\r\nx", TestName = "A line without dashes is no delimiter line")]
    [TestCase("AB", "CD", "x\r\n--ABC\r\nx", "x\r\n--CDC\r\nx", TestName = "A longer line is no delimiter line")]
    [TestCase("AB", "CD", "x\r\n--AB-\r\nx", "x\r\n--CD-\r\nx", TestName = "One dash ends nothing")]
    [TestCase("AB", "CD", "\0boundary\0", "CD", TestName = "No text stands for a boundary")]
    public void NoContentPassesForABoundary(string boundary, string other, string content, string otherContent)
    {
        Assert.That(OfField(boundary, content).Matches(OfField(other, otherContent)), Is.False);
        Assert.That(OfField(boundary, content).Matches(OfField(boundary, content)), Is.True);
    }

    [Test]
    public void TwoFieldsAreNotOneThatContainsWhatStandsBetweenThem()
    {
        const string Field = "Content-Disposition: form-data; name=\"f\"\r\n\r\n";
        var two = Hash("multipart/form-data; boundary=AB", $"--AB\r\n{Field}1\r\n--AB\r\n{Field}2\r\n--AB--\r\n", []);

        foreach (var between in (string[])["", "\0boundary\0", "--AB", "--CD", "\0", "--", "boundary"])
        {
            var one = Hash("multipart/form-data; boundary=CD", $"--CD\r\n{Field}1\r\n{between}\r\n{Field}2\r\n--CD--\r\n", []);
            Assert.That(two.Matches(one), Is.EqualTo(between == "--CD"), between);
        }
    }

    [TestCase("multipart/form-data")]
    [TestCase("multipart/mixed")]
    [TestCase("multipart/related; type=\"application/xop+xml\"; start=\"<a>\"")]
    public void BoundaryMayHaveAnyLengthAndTheDelimitersPaddingPreambleAndEpilogue(string type)
    {
        static string Body(string boundary) =>
            $"For old readers.\r\n--{boundary} \t\r\nA: b\r\n\r\none\r\n\r\n--{boundary}\r\n\r\n\r\n--{boundary}--  \r\nThe end.";

        Sha256Digest[] hashes =
        [
            .. ((string[])["x", "AB", "-", "----WebKitFormBoundaryA1", new('b', 128)])
                .Select(boundary => Hash($"{type}; boundary=\"{boundary}\"", Body(boundary), [3])),
        ];

        Assert.That(hashes.Skip(1).All(hash => hash.Matches(hashes[0])), Is.True);
    }

    [Test]
    public void EveryWayToCutTheBodyInThreeGivesOneHash()
    {
        const string Type = "multipart/form-data; boundary=A-B";
        const string Body = "p\r\n--A-B\r\nH: i\r\n\r\n--A-B\r\n\r\n--A-\r\n--A-B \t\r\n\r\n\r\n--A-Bx\r\n--A-B--\t\r\ne\r\n--A-B";
        var whole = Hash(Type, Body, []);

        for (var one = 1; one < Body.Length; one++)
        {
            for (var two = 1; two <= Body.Length - one; two++)
                Assert.That(Hash(Type, Body, [one, two, Body.Length]).Matches(whole), Is.True, $"{one}, {two}");
        }
    }

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

    private static Sha256Digest OfField(string boundary, string content) => Hash(
        $"multipart/form-data; boundary={boundary}",
        $"--{boundary}\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n{content}\r\n--{boundary}--\r\n", []);

    private static Gen<string> Bodies(string boundary) => Gen
        .Elements(
            "a", "b", "-", "\r", "\n", "\r\n", " ", "H: a\r\n", "\r\n\r\n", $"--{boundary}", $"\r\n--{boundary}",
            $"\r\n--{boundary}\r\n")
        .ArrayOf().Select(string.Concat);

    /// <summary>The body with another boundary in all its places, or in some.</summary>
    private static string Swapped(string body, string boundary, string other, int which)
    {
        var pieces = body.Split("--" + boundary);
        var swapped = pieces[0];
        for (var i = 1; i < pieces.Length; i++)
            swapped += "--" + (which == 0 || ((which >> (i % 3)) & 1) == 0 ? other : boundary) + pieces[i];
        return swapped;
    }

    /// <summary>RFC 2046: a boundary may be followed by anything.</summary>
    private static string[] Lenient(string boundary, string body) => Regex.Split(body, $@"(?:^|(?<=\r\n))--{Regex.Escape(boundary)}");

    /// <summary>Whole lines only.</summary>
    private static string[] Strict(string boundary, string body) =>
        Regex.Split(body, $@"(?:\A|(?<=\r\n))--{Regex.Escape(boundary)}(?=(?:--)?[ \t]*(?:\r\n|\z))");

    private static List<string> AspNetCore(string boundary, string body)
    {
        var parts = new List<string>();
        try
        {
            var reader = new MultipartReader(boundary, new MemoryStream(Encoding.Latin1.GetBytes(body)));
            while (reader.ReadNextSectionAsync().GetAwaiter().GetResult() is { } section)
            {
                parts.AddRange((section.Headers ?? []).Select(header => $"{header.Key}: {header.Value}"));
                using var content = new StreamReader(section.Body, Encoding.Latin1);
                parts.Add(content.ReadToEndAsync().GetAwaiter().GetResult());
            }
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException)
        {
            parts.Add("broken");
        }

        return parts;
    }
}
