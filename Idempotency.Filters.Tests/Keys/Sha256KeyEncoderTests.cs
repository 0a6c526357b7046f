using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Idempotency.Filters.Keys;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Tests.Keys;

public class Sha256KeyEncoderTests
{
    private static readonly Sha256KeyEncoder Encoder = new(HashKeys.None);

    // Short texts of few letters, with halves of surrogate pairs and U+FFFD, so that pairs often have equal text in total.
    private static readonly Gen<string> Text =
        Gen.Elements('a', 'b', ':', '\0', '\u00e9', '\ud800', '\udc00', '\ud801', '\ufffd').ArrayOf().Select(c => new string(c)).Resize(4);

    private static readonly Arbitrary<(string Scope, string Key)[]> Pairs =
        (from scope in Text from key in Text select (scope, key)).ArrayOf(20).ToArbitrary();

    [Test]
    public void AStorageKeyIsTheHashOfItsScopeAndOfBoth()
    {
        static string Hash(params IEnumerable<byte> bytes) => Base64Url.EncodeToString(SHA256.HashData(bytes.ToArray()).AsSpan(0, 16));
        var scope = Encoding.UTF8.GetBytes("caller \u00e9\ud83d\ude00");

        var key = Encoder.Encode("idempotency:", "caller \u00e9\ud83d\ude00", "abc");

        Assert.That(key.Value, Is.EqualTo($"idempotency:{Hash(scope)}:{Hash([(byte)scope.Length, 0, 0, 0, .. scope, .. "abc"u8])}"));
        Assert.That(key.Scope.ToString(), Is.EqualTo($"idempotency:{Hash(scope)}:"));
        Assert.That(Encoder.EncodeScope("idempotency:", "caller \u00e9\ud83d\ude00"), Is.EqualTo($"idempotency:{Hash(scope)}:"));
    }

    [Test]
    public void WithASecretEachPartIsAnHmacUnderAKeyOfItsOwn()
    {
        byte[] secret = [.. Enumerable.Range(0, 40).Select(i => (byte)i)];
        string Hash(string use, params IEnumerable<byte> bytes) => Base64Url.EncodeToString(
            HMACSHA256.HashData(
                HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 32, info: Encoding.ASCII.GetBytes("Idempotency.Filters.v1." + use)),
                bytes.ToArray()).AsSpan(0, 16));
        var encoder = new Sha256KeyEncoder(new HashKeys(secret));

        Assert.That(
            encoder.Encode("p:", "me", "abc").Value,
            Is.EqualTo($"p:{Hash("scope", [.. "me"u8])}:{Hash("key", [2, 0, 0, 0, .. "meabc"u8])}"));
        Assert.That(encoder.EncodeScope("p:", "me"), Is.EqualTo($"p:{Hash("scope", [.. "me"u8])}:"));
    }

    [Test]
    public void AnotherSecretGivesOtherParts()
    {
        byte[]?[] secrets = [null, new byte[32], [.. new byte[31], 1], new byte[33]];
        var parts = secrets.Select(secret => new Sha256KeyEncoder(new HashKeys(secret)).Encode("", "scope", "key").Value.Split(':'));

        Assert.That(parts.SelectMany(pair => pair), Is.Unique);
    }

    [Test]
    public void TheSecretIsCopied()
    {
        byte[] secret = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        var keys = new HashKeys(secret);
        var before = secret.ToArray();
        secret[0]++;

        Assert.That((keys.AreOf(before), keys.AreOf(secret), keys.AreOf(null)), Is.EqualTo((true, false, false)));
    }

    [TestCase("ab", "c", "a", "bc")]
    [TestCase("", "ab", "ab", "")]
    [TestCase("a", "", "", "a")]
    public void PairsThatReadAlikeStayApart(string scope, string key, string otherScope, string otherKey) =>
        Assert.That(Encoder.Encode("p", scope, key), Is.Not.EqualTo(Encoder.Encode("p", otherScope, otherKey)));

    // No TestCase attributes: an attribute cannot hold half a surrogate pair.
    [Test]
    public void HalvesOfSurrogatePairsStayApart()
    {
        PairsThatReadAlikeStayApart("\ud800", "k", "\ufffd", "k");
        PairsThatReadAlikeStayApart("\ud800", "k", "\ud801", "k");
        PairsThatReadAlikeStayApart("\ud800", "\udc00", "\ud800\udc00", "");
    }

    [FsCheck.NUnit.Property(MaxTest = 500)]
    public Property DistinctPairsGiveDistinctKeysBelowTheirScopes() => Prop.ForAll(Pairs, pairs =>
        Distinct(pairs) == Distinct(pairs.Select(Encode))
        && Distinct(pairs.Select(pair => pair.Scope)) == Distinct(pairs.Select(EncodeScope))
        && pairs.All(pair => Encode(pair).Scope.SequenceEqual(EncodeScope(pair))));

    [TestCase(0)]
    [TestCase(170)]
    [TestCase(5_000)]
    public void EveryStorageKeyIsOfOneLength(int length) =>
        Assert.That(Encoder.Encode("p:", new string('\u20ac', length), new string('k', length)).Value, Has.Length.EqualTo(2 + 22 + 1 + 22));

    [Test]
    public void OnlyTheStorageKeyIsAllocated([Values(10, 5_000)] int length, [Values] bool isSecret)
    {
        var encoder = isSecret ? new Sha256KeyEncoder(new HashKeys(new byte[32])) : Encoder;
        var scope = new string('s', length);
        var key = encoder.Encode("idempotency:", scope, "key");
        var expected = Allocated(() => new string('x', key.Value.Length));

        Assert.That(Allocated(() => encoder.Encode("idempotency:", scope, "key").Value), Is.EqualTo(expected));
    }

    private static int Distinct<T>(IEnumerable<T> items) => items.Distinct().Count();

    private static StorageKey Encode((string Scope, string Key) pair) => Encoder.Encode("p", pair.Scope, pair.Key);

    private static string EncodeScope((string Scope, string Key) pair) => Encoder.EncodeScope("p", pair.Scope);

    private static long Allocated(Func<string> make)
    {
        make();
        var before = GC.GetAllocatedBytesForCurrentThread();
        make();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
