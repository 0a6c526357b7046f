using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Records;
using Idempotency.Filters.Requests;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Tests.Records;

/// <summary>What the beginning of a record says, where a store has sent no more.</summary>
public class RecordBeginningTests
{
    private static readonly Sha256Digest Target = Digest("target");
    private static readonly Sha256Digest Body = Digest("body");

    [Test]
    public void BeginningSaysWhichRequestTheRecordAnswers()
    {
        foreach (var form in Enum.GetValues<BodyForm>())
        {
            var written = Record(form);
            var bytes = written.Write().Sequence.ToArray();
            var beginning = bytes.AsMemory(0, Math.Min(bytes.Length, ResponseRecordReader.PreviewLength));

            Assert.That(ResponseRecordReader.TryReadFingerprint(new(beginning), out var read), $"{form}");
            Assert.That(
                (read.Form, read.Target.Matches(written.Fingerprint.Target), read.Body.Matches(written.Fingerprint.Body)),
                Is.EqualTo((form, true, true)));
        }
    }

    [Test]
    public void LessThanTheBeginningSaysNothing()
    {
        var bytes = Record(BodyForm.Bytes).Write().Sequence.ToArray();

        for (var length = 0; length < ResponseRecordReader.PreviewLength; length++)
            Assert.That(ResponseRecordReader.TryReadFingerprint(new(bytes, 0, length), out _), Is.False, $"{length}");
    }

    [TestCase(0, TestName = "Beginning of something else is refused")]
    [TestCase(8, TestName = "Beginning of a later version is refused")]
    [TestCase(9, TestName = "Beginning with an unknown flag is refused")]
    [TestCase(20, TestName = "Beginning with an unknown form is refused")]
    public void BeginningThatIsNotUnderstoodIsRefused(int at)
    {
        var bytes = Record(BodyForm.Bytes).Write().Sequence.ToArray();
        bytes[at] = 0xFF;

        Assert.That(ResponseRecordReader.TryReadFingerprint(new(bytes), out _), Is.False);
    }

    [Test]
    public void OnlyAPartialResultIsFollowedByAnother()
    {
        var whole = ClaimResult.Completed(new(new byte[10]));

        Assert.That(whole.IsPartial, Is.False);
        Assert.That(async () => await whole.ClaimAgainAsync(default), Throws.InvalidOperationException);
        Assert.That(ClaimResult.InFlight.IsPartial, Is.False);
    }

    private static ResponseRecord Record(BodyForm form) => new()
    {
        Flags = RecordFlags.None,
        StatusCode = 200,
        Created = DateTimeOffset.UnixEpoch,
        Fingerprint = FingerprintOf(form),
        Headers = [],
        Body = new(new byte[100]),
    };

    private static Fingerprint FingerprintOf(BodyForm form)
    {
        var empty = new Fingerprint { Target = default, Form = form, Body = default };
        return new() { Target = empty.HasTarget ? Target : default, Form = form, Body = empty.HasBodyHash ? Body : default };
    }

    private static Sha256Digest Digest(string text)
    {
        Sha256Digest digest = default;
        SHA256.HashData(Encoding.UTF8.GetBytes(text), digest);
        return digest;
    }
}
