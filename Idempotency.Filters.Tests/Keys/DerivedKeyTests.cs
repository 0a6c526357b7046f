using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Idempotency.Filters.Keys;
using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Tests.Keys;

/// <summary>The bytes of derived keys, which other systems remember.</summary>
internal sealed class DerivedKeyTests
{
    private static readonly byte[] Secret = [.. Enumerable.Range(0, 40).Select(i => (byte)i)];

    // Short texts of few letters, with halves of surrogate pairs, so that triples often have equal text in total.
    private static readonly Gen<string> Text =
        Gen.Elements('a', 'b', '\0', '\u00e9', '\ud800', '\udc00', '\ufffd').ArrayOf().Select(c => new string(c)).Resize(3);

    private static readonly Arbitrary<(string Scope, string Key, string Purpose)[]> Triples =
        (from scope in Text from key in Text from purpose in Text select (scope, key, purpose)).ArrayOf(20).ToArbitrary();

    // Computed by another implementation of SHA-256, HMAC and HKDF. They must never change.
    [TestCase("anonymous", "k", "charge", "d1kXx4crVpE1Gk-cFcH5CA03jZLxgurJoK_NVLUD4n8", "OZfWIanIX3IhbI3_GHgEguA8Qkx7kP10OFhL2VnAUbA")]
    [TestCase(
        "caller \u00e9\ud83d\ude00", "abc", "refund",
        "aBaJqgLQW93b4PaIBGUxz66meTPmuJ0IdQRpMczM1YI", "SjhfBMLJanc_hO2Uh1-7qYufYDC5qQTsvoaUz-aJdhk")]
    public void KeyStaysAsItIs(string scope, string key, string purpose, string plain, string keyed)
    {
        Assert.That(DerivedKey.Make(HashKeys.None, scope, key, purpose, 43), Is.EqualTo(plain));
        Assert.That(DerivedKey.Make(new HashKeys(Secret), scope, key, purpose, 43), Is.EqualTo(keyed));
    }

    [TestCase(22)]
    [TestCase(32)]
    public void ShorterKeyIsTheBeginningOfTheLongest(int length) =>
        Assert.That(Make("s", length), Is.EqualTo(Make("s")[..length]));

    [FsCheck.NUnit.Property(MaxTest = 500)]
    public Property DistinctTriplesGiveDistinctKeys() => Prop.ForAll(Triples, triples =>
        triples.Distinct().Count()
        == triples.Select(of => DerivedKey.Make(HashKeys.None, of.Scope, of.Key, of.Purpose, 43)).Distinct().Count());

    [Test]
    public void KeyIsNotAPartOfTheStorageKeyNorOfAnotherHash()
    {
        byte[] length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, 5);
        byte[] storage = [.. length, .. "scope"u8, .. "key"u8];
        var derived = DerivedKey.Make(HashKeys.None, "scope", "key", "p", 43);

        Assert.That(new Sha256KeyEncoder(HashKeys.None).Encode("", "scope", "key").Value.Split(':'), Has.None.EqualTo(derived[..22]));
        Assert.That(derived, Is.Not.EqualTo(System.Buffers.Text.Base64Url.EncodeToString(SHA256.HashData(storage))));
    }

    [Test]
    public void LongPartsAreTaken()
    {
        var scope = new string('\u20ac', 100_000);

        Assert.That(Make(scope), Has.Length.EqualTo(43));
        Assert.That(Make(scope + "x"), Is.Not.EqualTo(Make(scope)));
    }

    private static string Make(string scope, int length = 43) => DerivedKey.Make(HashKeys.None, scope, "k", "p", length);
}
