using FsCheck;
using FsCheck.Fluent;
using Idempotency.Filters.Keys;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters.Tests.Keys;

public class IdempotencyKeyTests
{
    private const string Uuid = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    private const string UuidV4 = "919108f7-52d1-4320-9bac-f847db4148a8";

    // Pieces that combine into almost valid keys.
    private static readonly Arbitrary<string> Garbage = Gen.OneOf(
        Gen.Elements(
            "\"", "\\", "\\\"", ";", ",", "=", ":", "?1", "@1", "%\"", "%c3", " ", "\t", "a", "*", "-1.5", "\0", "\u007f", "\u00e9"),
        ArbMap.Default.GeneratorFor<char>().Select(c => c.ToString()),
        Gen.Choose(0, 0xFFFF).Select(c => ((char)c).ToString()))
        .ArrayOf().Select(string.Concat).ToArbitrary();

    private static readonly Arbitrary<string> Printable = Gen.Choose(0x20, 0x7E).Select(c => (char)c)
        .NonEmptyListOf().Select(chars => string.Concat(chars)).Where(key => !KeyLeftover.Is(key)).ToArbitrary();

    [TestCase("abc", "abc")]
    [TestCase("\"abc\"", "abc")]
    [TestCase(" \t abc\t ", "abc")]
    [TestCase("\t\"abc\" ", "abc")]
    [TestCase("\" a b \"", " a b ")]
    [TestCase("\"\\\"\\\\\"", "\"\\")]
    [TestCase("\"a,b;c\"", "a,b;c")]
    [TestCase("a:b/c=d'e", "a:b/c=d'e")]
    [TestCase("!~", "!~")]
    public void AKeyIsRead(string line, string key) => Assert.That(Read(line), Is.EqualTo(new KeyReading(KeyStatus.Valid, key, null)));

    [TestCase("")]
    [TestCase(" \t ")]
    [TestCase("\"\"")]
    [TestCase("a b")]
    [TestCase("a,b")]
    [TestCase("a;b")]
    [TestCase("a\"b")]
    [TestCase("a\\b")]
    [TestCase("a\u0001")]
    [TestCase("a\u007f")]
    [TestCase("\u00e9")]
    [TestCase("\u00a0a")]
    [TestCase("\"")]
    [TestCase("\"abc")]
    [TestCase("\"abc\\\"")]
    [TestCase("\"abc\\")]
    [TestCase("\"a\\bc\"")]
    [TestCase("\"a\tb\"")]
    [TestCase("\"a\u007f\"")]
    [TestCase("\"\u00e9\"")]
    [TestCase("\"\ud800\"")]
    [TestCase("\"a\", \"b\"")]
    [TestCase("\"a\"b")]
    [TestCase("\"a\" ;b")]
    [TestCase("\"a\"\"b\"")]
    public void AnythingElseIsMalformed(string line) => AssertMalformed(Read(line));

    [Test]
    public void NoLineIsMissing() =>
        Assert.That(IdempotencyKey.Read(StringValues.Empty, KeyFormat.Any, 255), Is.EqualTo(new KeyReading(KeyStatus.Missing, null, null)));

    [TestCase("a", "a")]
    [TestCase("\"a", "b\"")]
    public void TwoLinesAreMalformedWhateverTheyAre(string first, string second) =>
        AssertMalformed(IdempotencyKey.Read(new StringValues([first, second]), KeyFormat.Any, 255));

    [TestCase(";a")]
    [TestCase(";a;b")]
    [TestCase(";  a")]
    [TestCase(";*a-b_c.d*1=1")]
    [TestCase(";a=-123456789012345")]
    [TestCase(";a=123456789012.123")]
    [TestCase(";a=-0.5")]
    [TestCase(";a=\"b\\\"\";c=d")]
    [TestCase(";a=Tok/en:1!#$%&'*+-.^_`|~")]
    [TestCase(";a=*t")]
    [TestCase(";a=::")]
    [TestCase(";a=:aGVsbG8=:")]
    [TestCase(";a=:aGVsbG8:")]
    [TestCase(";a=:+/==:")]
    [TestCase(";a=?0;b=?1")]
    [TestCase(";a=@1659578233")]
    [TestCase(";a=@-1")]
    [TestCase(";a=%\"f%c3%bc \"")]
    public void ParametersAreIgnored(string parameters) => Assert.That(Read("\"k\"" + parameters).Key, Is.EqualTo("k"));

    [TestCase(";")]
    [TestCase(";A")]
    [TestCase(";1")]
    [TestCase(";\ta")]
    [TestCase(";a=")]
    [TestCase(";a =1")]
    [TestCase(";a= 1")]
    [TestCase(";a=-")]
    [TestCase(";a=1.")]
    [TestCase(";a=.1")]
    [TestCase(";a=1.1234")]
    [TestCase(";a=1234567890123456")]
    [TestCase(";a=1234567890123.1")]
    [TestCase(";a=1.1.1")]
    [TestCase(";a=\"b")]
    [TestCase(";a=\"\u00e9\"")]
    [TestCase(";a=:")]
    [TestCase(";a=:a:")]
    [TestCase(";a=:ab===:")]
    [TestCase(";a=:abc==:")]
    [TestCase(";a=:a-_b:")]
    [TestCase(";a=?2")]
    [TestCase(";a=?")]
    [TestCase(";a=@")]
    [TestCase(";a=@1.5")]
    [TestCase(";a=%")]
    [TestCase(";a=%\"%C3%BC\"")]
    [TestCase(";a=%\"%c3\"")]
    [TestCase(";a=%\"%c\"")]
    [TestCase(";a=%\"a")]
    [TestCase(";a=(1 2)")]
    [TestCase(";a,b")]
    [TestCase(";a;")]
    public void ParametersAreCheckedAllTheSame(string parameters) => AssertMalformed(Read("\"k\"" + parameters));

    [Test]
    public void LengthIsCountedAfterDecoding()
    {
        Assert.That(Read(new string('k', 255)).Status, Is.EqualTo(KeyStatus.Valid));
        Assert.That(Read($"\"{new string('k', 254)}\\\"\"").Status, Is.EqualTo(KeyStatus.Valid));
        AssertMalformed(Read(new string('k', 256)), "255");
        AssertMalformed(Read($"\"{new string('k', 255)}\\\"\""), "255");
    }

    [TestCase("abc", KeyFormat.StructuredString, null)]
    [TestCase("\"abc\"", KeyFormat.StructuredString, "abc")]
    [TestCase(Uuid, KeyFormat.Uuid, Uuid)]
    [TestCase("\"F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6\"", KeyFormat.Uuid, Uuid)]
    [TestCase("ffffffff-ffff-ffff-ffff-ffffffffffff", KeyFormat.Uuid, "ffffffff-ffff-ffff-ffff-ffffffffffff")]
    [TestCase("f81d4fae7dec11d0a76500a0c91e6bf6", KeyFormat.Uuid, null)]
    [TestCase("{" + Uuid + "}", KeyFormat.Uuid, null)]
    [TestCase("f81d4fae-7dec-11d0-a765-00a0c91e6bfg", KeyFormat.Uuid, null)]
    [TestCase("f81d4fae-7dec-11d0-a7650-0a0c91e6bf6", KeyFormat.Uuid, null)]
    [TestCase("f81d4faea7dec-11d0-a765-00a0c91e6bf6", KeyFormat.Uuid, null)]
    [TestCase(UuidV4, KeyFormat.UuidV4, UuidV4)]
    [TestCase("919108F7-52D1-4320-BBAC-F847DB4148A8", KeyFormat.UuidV4, "919108f7-52d1-4320-bbac-f847db4148a8")]
    [TestCase(Uuid, KeyFormat.UuidV4, null)]
    [TestCase("919108f7-52d1-4320-7bac-f847db4148a8", KeyFormat.UuidV4, null)]
    [TestCase("919108f7-52d1-4320-cbac-f847db4148a8", KeyFormat.UuidV4, null)]
    [TestCase(Uuid, KeyFormat.LooseUuid, Uuid)]
    [TestCase("F81D4FAE7DEC11D0A76500A0C91E6BF6", KeyFormat.LooseUuid, "f81d4fae7dec11d0a76500a0c91e6bf6")]
    [TestCase("{" + Uuid + "}", KeyFormat.LooseUuid, "{" + Uuid + "}")]
    [TestCase("URN:UUID:" + Uuid, KeyFormat.LooseUuid, "urn:uuid:" + Uuid)]
    [TestCase("Urn:Uuid:" + Uuid, KeyFormat.LooseUuid, "urn:uuid:" + Uuid)]
    [TestCase("{" + Uuid, KeyFormat.LooseUuid, null)]
    [TestCase("urn:uuid:{" + Uuid + "}", KeyFormat.LooseUuid, null)]
    [TestCase("+81d4fae-7dec-11d0-a765-00a0c91e6bf6", KeyFormat.LooseUuid, null)]
    [TestCase("f81d4fae7dec11d0a76500a0c91e6bfg", KeyFormat.LooseUuid, null)]
    [TestCase("f81d4fae7dec11d0a76500a0c91e6bf", KeyFormat.LooseUuid, null)]
    [TestCase("{}", KeyFormat.LooseUuid, null)]
    [TestCase("919108F7-52D1-4320-BBAC-F847DB4148A8", KeyFormat.Any, "919108F7-52D1-4320-BBAC-F847DB4148A8")]
    public void TheFormatDecides(string line, KeyFormat format, string? key)
    {
        var reading = IdempotencyKey.Read(line, format, 255);

        Assert.That(reading.Key, Is.EqualTo(key));
        Assert.That(reading.Status, Is.EqualTo(key is null ? KeyStatus.Malformed : KeyStatus.Valid));
    }

    [Test]
    public void ABareKeyCostsNothing()
    {
        var line = new string('k', 40);
        Assert.That(Read(line).Key, Is.SameAs(line));

        var before = GC.GetAllocatedBytesForCurrentThread();
        IdempotencyKey.Read(line, KeyFormat.Any, 255);
        IdempotencyKey.Read(Uuid, KeyFormat.Uuid, 255);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [FsCheck.NUnit.Property]
    public Property EveryPrintableStringSurvivesItsQuotes() => Prop.ForAll(Printable, key =>
        Read('"' + key.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + '"').Key == key);

    [FsCheck.NUnit.Property]
    public Property ABareKeyAndItsQuotedFormAgree() => Prop.ForAll(Printable, key =>
        Read(key) is not { Status: KeyStatus.Valid } bare || Read($"\"{bare.Key}\"") == bare);

    [FsCheck.NUnit.Property(MaxTest = 5000)]
    public Property GarbageNeverBecomesAKey() => Prop.ForAll(Garbage, garbage =>
        new[] { garbage, '"' + garbage, "\"k\";a=" + garbage }.All(line => Enum.GetValues<KeyFormat>().All(format =>
            IdempotencyKey.Read(line, format, 10) switch
            {
                { Status: KeyStatus.Valid, Key: { Length: >= 1 and <= 10 } key, Problem: null } => key.All(c => c is >= ' ' and <= '~'),
                { Status: KeyStatus.Malformed, Key: null, Problem: not null } => true,
                _ => false,
            })));

    private static KeyReading Read(string line) => IdempotencyKey.Read(line, KeyFormat.Any, 255);

    private static void AssertMalformed(KeyReading reading, string mention = "")
    {
        Assert.That(reading.Status, Is.EqualTo(KeyStatus.Malformed));
        Assert.That(reading.Key, Is.Null);
        Assert.That(reading.Problem, Does.Contain(mention).And.EndsWith("."));
    }
}
