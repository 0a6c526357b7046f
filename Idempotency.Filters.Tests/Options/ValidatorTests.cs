using System.Text;
using Idempotency.Filters.Options;

namespace Idempotency.Filters.Tests.Options;

/// <summary>Every rule about the options, one line each, with the words that say what to change.</summary>
internal sealed class ValidatorTests
{
    private static readonly TimeSpan TooLong = TimeSpan.FromDays(50);

    [Test]
    public void DefaultsAreValid() => Assert.That(Check(_ => { }), Is.Empty);

    [TestCaseSource(nameof(Refused))]
    public void InvalidSettingIsRefused(Action<IdempotencyOptions> change, string words) =>
        Assert.That(Check(change), Has.Count.EqualTo(1).And.One.Contains(words));

    [TestCaseSource(nameof(Accepted))]
    public void SettingAtItsLimitIsAccepted(Action<IdempotencyOptions> change) => Assert.That(Check(change), Is.Empty);

    [Test]
    public void EveryFailureIsTold() => Assert.That(
        Check(o => (o.MaxKeyLength, o.MaxBufferedBodySize, o.HeaderName) = (0, -1, "")), Has.Count.EqualTo(3));

    private static List<string> Check(Action<IdempotencyOptions> change)
    {
        var options = new IdempotencyOptions();
        change(options);
        return IdempotencyOptionsValidator.Check(options);
    }

    private static TestCaseData Case(string name, Action<IdempotencyOptions> change, params object[] words) =>
        new TestCaseData([change, .. words]).SetName(name);

    private static IEnumerable<TestCaseData> Refused()
    {
        yield return Case("HeaderName null", o => o.HeaderName = null!, "HeaderName ''");
        yield return Case("HeaderName empty", o => o.HeaderName = "", "HeaderName ''");
        yield return Case("HeaderName with a space", o => o.HeaderName = "Idempotency Key", "use letters, digits and hyphens");
        yield return Case("HeaderName with a colon", o => o.HeaderName = "Key:", "HeaderName 'Key:'");
        yield return Case("ReplayedHeaderName empty", o => o.ReplayedHeaderName = "", "null for no marker");
        yield return Case("MaxKeyLength 0", o => o.MaxKeyLength = 0, "MaxKeyLength is 0: it must be from 1 to 8192");
        yield return Case("MaxKeyLength above", o => o.MaxKeyLength = 8193, "MaxKeyLength is 8193");
        yield return Case("MaxKeyLength too short for Uuid", o => (o.KeyFormat, o.MaxKeyLength) = (KeyFormat.Uuid, 35), "needs 36");
        yield return Case(
            "MaxKeyLength too short for UuidV4", o => (o.KeyFormat, o.MaxKeyLength) = (KeyFormat.UuidV4, 35), "KeyFormat UuidV4 needs 36");
        yield return Case(
            "MaxKeyLength too short for LooseUuid",
            o => (o.KeyFormat, o.MaxKeyLength) = (KeyFormat.LooseUuid, 35),
            "KeyFormat LooseUuid needs 36");
        yield return Case("DocumentationUri relative", o => o.DocumentationUri = new Uri("/docs", UriKind.Relative), "absolute");
        yield return Case("Methods null", o => o.Methods = null!, "name at least one method");
        yield return Case("Methods empty", o => o.Methods.Clear(), "name at least one method");
        yield return Case("Methods GET", o => o.Methods.Add("GET"), "Methods contains 'GET'");
        yield return Case("Methods head", o => o.Methods.Add("head"), "Methods contains 'head'");
        yield return Case("Methods OPTIONS", o => o.Methods.Add("OPTIONS"), "Methods contains 'OPTIONS'");
        yield return Case("Methods TRACE", o => o.Methods.Add("TRACE"), "Methods contains 'TRACE'");
        yield return Case("Methods with no method", o => o.Methods.Add("PO ST"), "is not an HTTP method");
        yield return Case("KeySources null", o => o.KeySources = null!, "KeySources is null");
        yield return Case("KeySources with null", o => o.KeySources.Add(null!), "KeySources contains null");
        yield return Case("KeySources with an empty header", o => o.KeySources.Add(KeySource.Header("")), "KeySources contains the header");
        yield return Case("KeySources with a bad header", o => o.KeySources.Add(KeySource.Header("a b")), "'a b' is not a header name");
        yield return Case(
            "KeySources with an empty query", o => o.KeySources.Add(KeySource.Query("")), "KeySources contains the query parameter");
        yield return Case(
            "KeySources with an empty field", o => o.KeySources.Add(KeySource.FormField("")), "KeySources contains the form field");
        yield return Case("KeySources with an empty path", o => o.KeySources.Add(KeySource.JsonField("")), "separated by dots");
        yield return Case("KeySources with a gap in a path", o => o.KeySources.Add(KeySource.JsonField("a..b")), "the JSON property a..b");
        yield return Case("KeySources with a dot at the end", o => o.KeySources.Add(KeySource.JsonField("a.")), "the JSON property a.");
        yield return Case("KeySources with JSONPath", o => o.KeySources.Add(KeySource.JsonField("$.key")), "arrays are not searched");
        yield return Case("KeySources with an index", o => o.KeySources.Add(KeySource.JsonField("items[0]")), "arrays are not searched");
        yield return Case("KeySources with an empty place", o => o.KeySources.Add(KeySource.From(_ => "", "")), "use null for none");
        yield return Case("Lease below 1 s", o => o.Lease = TimeSpan.FromMilliseconds(999), "from 1 second to 1 day");
        yield return Case(
            "Lease above 1 day",
            o => (o.Lease, o.Retention) = (TimeSpan.FromDays(1) + TimeSpan.FromTicks(1), null),
            "Lease is 1.00:00:00.0000001");
        yield return Case("Retention 0", o => o.Retention = TimeSpan.Zero, "null to keep records for ever");
        yield return Case(
            "Lease longer than Retention", o => o.Retention = TimeSpan.FromSeconds(29), "shorten Lease or lengthen Retention");
        yield return Case("MaxExecutionTime 0", o => o.MaxExecutionTime = TimeSpan.Zero, "MaxExecutionTime is 00:00:00");
        yield return Case("MaxExecutionTime above", o => o.MaxExecutionTime = TooLong, "not more than 49 days");
        yield return Case("RequestDrainTimeout 0", o => o.RequestDrainTimeout = TimeSpan.Zero, "RequestDrainTimeout is 00:00:00");
        yield return Case("RequestDrainTimeout above", o => o.RequestDrainTimeout = TooLong, "RequestDrainTimeout");
        yield return Case("WaitTimeout 0", o => o.WaitTimeout = TimeSpan.Zero, "WaitTimeout is 00:00:00");
        yield return Case("WaitTimeout above", o => o.WaitTimeout = TooLong, "WaitTimeout");
        yield return Case("RetryAfter below 1 s", o => o.RetryAfter = TimeSpan.FromMilliseconds(999), "RetryAfter is 00:00:00.9990000");
        yield return Case("MaxResponseBodySize below 0", o => o.MaxResponseBodySize = -1, "MaxResponseBodySize is -1");
        yield return Case("StoreStatusCodes empty", o => o.StoreStatusCodes = new HashSet<int>(), "StoreStatusCodes is empty");
        yield return Case("MaxComparedBodySize below 0", o => o.MaxComparedBodySize = -1, "MaxComparedBodySize is -1");
        yield return Case("MaxBufferedBodySize below 0", o => o.MaxBufferedBodySize = -1, "MaxBufferedBodySize is -1");
        yield return Case("KeyFormat undefined", o => o.KeyFormat = (KeyFormat)9, "KeyFormat is 9: it must be one of Any");
        yield return Case("WhenInFlight undefined", o => o.WhenInFlight = (InFlightBehavior)9, "WhenInFlight is 9");
        yield return Case("WhenInterrupted undefined", o => o.WhenInterrupted = (InterruptedBehavior)9, "WhenInterrupted is 9");
        yield return Case("WhenFailed undefined", o => o.WhenFailed = (FailureBehavior)9, "WhenFailed is 9");
        yield return Case("WhenStoreIsDown undefined", o => o.WhenStoreIsDown = (StoreDownBehavior)9, "WhenStoreIsDown is 9");
        yield return Case("StatusCodes.KeyMissing below 400", o => o.StatusCodes.KeyMissing = 399, "StatusCodes.KeyMissing is 399");
        yield return Case("StatusCodes.KeyMalformed above 599", o => o.StatusCodes.KeyMalformed = 600, "StatusCodes.KeyMalformed is 600");
        yield return Case("StatusCodes.KeyReused below 400", o => o.StatusCodes.KeyReused = 200, "StatusCodes.KeyReused is 200");
        yield return Case("StatusCodes.InFlight below 400", o => o.StatusCodes.InFlight = 200, "StatusCodes.InFlight is 200");
        yield return Case(
            "StatusCodes.NotReplayable below 400", o => o.StatusCodes.NotReplayable = 200, "StatusCodes.NotReplayable is 200");
        yield return Case(
            "StatusCodes.OutcomeUnknown below 400", o => o.StatusCodes.OutcomeUnknown = 200, "StatusCodes.OutcomeUnknown is 200");
        yield return Case(
            "StatusCodes.CallerAnonymous below 400", o => o.StatusCodes.CallerAnonymous = 200, "StatusCodes.CallerAnonymous is 200");
        yield return Case("AnonymousCallers undefined", o => o.AnonymousCallers = (AnonymousCallers)9, "one of Warn, Allow, Reject");
        yield return Case("BodyReadTimeout of zero", o => o.BodyReadTimeout = TimeSpan.Zero, "BodyReadTimeout is 00:00:00");
        yield return Case("MaxPendingBytes below 64 KiB", o => o.MaxPendingBytes = 65_535, "MaxPendingBytes is 65535");
        yield return Case("StatusCodes.BodyTooSlow below 400", o => o.StatusCodes.BodyTooSlow = 200, "StatusCodes.BodyTooSlow is 200");
        yield return Case("StatusCodes.BodyTooLarge below 400", o => o.StatusCodes.BodyTooLarge = 200, "StatusCodes.BodyTooLarge is 200");
        yield return Case(
            "StatusCodes.StoreUnavailable below 400", o => o.StatusCodes.StoreUnavailable = 200, "StatusCodes.StoreUnavailable is 200");
        yield return Case("ReplayStatusCode below 200", o => o.ReplayStatusCode = 199, "ReplayStatusCode is 199");
        yield return Case("StatusCodes.TooManyKeys below 400", o => o.StatusCodes.TooManyKeys = 200, "StatusCodes.TooManyKeys is 200");
        yield return Case(
            "StatusCodes.TransactionConflict below 400", o => o.StatusCodes.TransactionConflict = 200,
            "StatusCodes.TransactionConflict is 200");
        yield return Case("StatusCodes.RolledBack below 400", o => o.StatusCodes.RolledBack = 200, "StatusCodes.RolledBack is 200");
        yield return Case(
            "Transactional with Execute", o => (o.Transactional, o.WhenStoreIsDown) = (true, StoreDownBehavior.Execute),
            "set WhenStoreIsDown to Reject, or Transactional to false");
        yield return Case("StoreStatusCodes below 200", o => o.StoreStatusCodes = new HashSet<int> { 101 }, "StoreStatusCodes is 101");
        yield return Case("StoreContentTypes null", o => o.StoreContentTypes = null!, "StoreContentTypes is null");
        yield return Case("StoreContentTypes with no media type", o => o.StoreContentTypes = ["json"], "'json', which is not a media type");
        yield return Case("HashSecret empty", o => o.HashSecret = [], "HashSecret has 0 bytes: use at least 32");
        yield return Case("HashSecret of 31 bytes", o => o.HashSecret = Secret(31), "HashSecret has 31 bytes");
        yield return Case("HashSecret of zeros", o => o.HashSecret = new byte[64], "is not random");
        yield return Case("HashSecret of one word over and over", o => o.HashSecret = Repeated("secret"), "is not random");
        yield return Case("FingerprintHeaders null", o => o.FingerprintHeaders = null!, "FingerprintHeaders is null");
        yield return Case("FingerprintHeaders with null", o => o.FingerprintHeaders.Add(null!), "'', which is not a header name");
        yield return Case("FingerprintHeaders with a space", o => o.FingerprintHeaders.Add("api version"), "is not a header name");
        yield return Case("FingerprintHeaders with the key", o => o.FingerprintHeaders.Add("idempotency-key"), "carries the key");
        yield return Case("FingerprintHeaders with an own key header", OwnKeyHeader, "'x-key', which carries the key");
        yield return Case("FingerprintHeaders with Authorization", o => o.FingerprintHeaders.Add("authorization"), "changes between");
        yield return Case("FingerprintHeaders with Cookie", o => o.FingerprintHeaders.Add("Cookie"), "changes between");
        yield return Case("FingerprintHeaders with traceparent", o => o.FingerprintHeaders.Add("TraceParent"), "changes between");
        yield return Case("FingerprintHeaders with Content-Type", o => o.FingerprintHeaders.Add("content-type"), "compared already");
        yield return Case("FingerprintHeaders with Content-Length", o => o.FingerprintHeaders.Add("Content-Length"), "compared already");
    }

    private static byte[] Secret(int length) => [.. Enumerable.Range(1, length).Select(i => (byte)(i * 37))];

    private static byte[] Repeated(string word) => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(word, 10)));

    private static void OwnKeyHeader(IdempotencyOptions options)
    {
        options.KeySources = [KeySource.Query("k"), KeySource.Header("X-Key")];
        options.FingerprintHeaders = ["Idempotency-Key", "x-key"];
    }

    private static IEnumerable<TestCaseData> Accepted()
    {
        yield return Case("HashSecret of 32 bytes", o => o.HashSecret = Secret(32));
        yield return Case("HashSecret of 4096 bytes", o => o.HashSecret = Secret(4096));
        yield return Case("FingerprintHeaders of API versions", o => o.FingerprintHeaders = ["api-version", "Accept", "API-VERSION"]);
        yield return Case("ReplayedHeaderName null", o => o.ReplayedHeaderName = null);
        yield return Case("MaxKeyLength 1", o => o.MaxKeyLength = 1);
        yield return Case("MaxKeyLength 8192", o => o.MaxKeyLength = 8192);
        yield return Case("MaxKeyLength 36 of a Uuid", o => (o.KeyFormat, o.MaxKeyLength) = (KeyFormat.Uuid, 36));
        yield return Case("KeyPrefix empty", o => o.KeyPrefix = "");
        yield return Case("KeyPrefix null", o => o.KeyPrefix = null);
        yield return Case("KeySources of every kind", o => o.KeySources =
            [
                KeySource.Header("X"), KeySource.Query("x"), KeySource.FormField("x"), KeySource.JsonField("a.b-c.$type"),
                KeySource.From(_ => null),
            ]);
        yield return Case("Methods DELETE", o => o.Methods.Add("DELETE"));
        yield return Case("Lease 1 s", o => o.Lease = TimeSpan.FromSeconds(1));
        yield return Case("Lease as long as Retention", o => o.Retention = o.Lease);
        yield return Case("Lease with records for ever", o => (o.Lease, o.Retention) = (TimeSpan.FromDays(1), null));
        yield return Case("MaxExecutionTime null", o => o.MaxExecutionTime = null);
        yield return Case("RetryAfter 1 s", o => o.RetryAfter = TimeSpan.FromSeconds(1));
        yield return Case("MaxResponseBodySize 0", o => o.MaxResponseBodySize = 0);
        yield return Case("MaxResponseBodySize int.MaxValue", o => o.MaxResponseBodySize = int.MaxValue);
        yield return Case("MaxBufferedBodySize 0", o => o.MaxBufferedBodySize = 0);
        yield return Case("StatusCodes.KeyMissing 599", o => o.StatusCodes.KeyMissing = 599);
        yield return Case("ReplayStatusCode 200", o => o.ReplayStatusCode = 200);
        yield return Case(
            "StoreContentTypes with wildcards", o => o.StoreContentTypes = ["*/*", "text/*", "application/json; charset=utf-8"]);
    }
}
