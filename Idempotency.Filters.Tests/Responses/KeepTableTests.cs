using System.Buffers;
using Idempotency.Filters.Options;
using Idempotency.Filters.Responses;
using Microsoft.AspNetCore.Http;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>Which answers of an action that ran are kept by default, as a table.</summary>
internal sealed class KeepTableTests
{
    private static readonly int[] Asking = [401, 403, 407, 408, 412, 417, 421, 423, 425, 426, 428, 429, 431];

    private static IEnumerable<TestCaseData> Headers()
    {
        foreach (var name in (string[])["Retry-After", "WWW-Authenticate", "Proxy-Authenticate", "dpop-nonce", "Replay-Nonce"])
        {
            foreach (var status in (int[])[400, 402, 404, 409, 413, 422, 451, 499])
                yield return new TestCaseData(status, name, false);
            foreach (var status in (int[])[200, 201, 202, 302, 303])
                yield return new TestCaseData(status, name, true);
        }

        foreach (var name in (string[])["Payment-Required", "PAYMENT-REQUIRED", "X-Payment-Required", "Accept-Payment", "crawler-price"])
        {
            yield return new TestCaseData(402, name, false);
            yield return new TestCaseData(409, name, true);
        }

        foreach (var name in (string[])["X-Payment-Id", "Payment-Response", "Link", "X-Retry-After"])
            yield return new TestCaseData(402, name, true);
    }

    [Test]
    public void StatusDecidesAlone()
    {
        for (var status = 100; status <= 999; status++)
            Assert.That(Keeps(status), Is.EqualTo(status < 500 && !Asking.Contains(status)), $"{status}");
    }

    [TestCaseSource(nameof(Headers))]
    public void HeaderThatAsksForTheSameRequestAgainDecides(int status, string name, bool kept) =>
        Assert.That(Keeps(status, name), Is.EqualTo(kept));

    [TestCase(402, """{"x402Version":1,"accepts":[]}""", ExpectedResult = false)]
    [TestCase(402, """{ "error": "pay", "x402Version" : 1 }""", ExpectedResult = false)]
    [TestCase(402, """{"code":"card-declined"}""", ExpectedResult = true)]
    [TestCase(402, "", ExpectedResult = true)]
    [TestCase(409, """{"x402Version":1}""", ExpectedResult = true)]
    public bool PaymentChallengeInTheBodyDecides(int status, string body) => Keeps(status, body: body);

    [Test]
    public void ChallengeAndRefusalAreNotKeptWhateverTheirStatus([Values(200, 302, 303, 400, 404)] int status) =>
        Assert.That(Keeps(status, facts: new() { IsChallenge = true }), Is.False);

    [TestCase(400, ExpectedResult = false)]
    [TestCase(422, ExpectedResult = false)]
    [TestCase(200, ExpectedResult = true)]
    [TestCase(404, ExpectedResult = true)]
    [TestCase(409, ExpectedResult = true)]
    [TestCase(412, ExpectedResult = false)]
    public bool WhatMayBeAValidationIsNotKeptWhereTheHostCannotSee(int status) => Keeps(status, facts: new() { ReachIsAssumed = true });

    [Test]
    public void ListedStatusIsKeptWhateverItsHeaders() => Assert.Multiple(() =>
    {
        Assert.That(Keeps(401, "WWW-Authenticate", options: Listing(401)), Is.True);
        Assert.That(Keeps(409, "Retry-After", options: Listing(409)), Is.True);
        Assert.That(Keeps(409, options: Listing(401)), Is.False);
    });

    [Test]
    public void ListOfStatusesDoesNotSayThatTheActionWasReached() =>
        Assert.That(Keeps(422, options: Listing(422), facts: new() { ReachIsAssumed = true }), Is.False);

    [Test]
    public void ShouldStoreDecidesInPlaceOfAllRules([Values] bool kept) => Assert.That(
        Keeps(422, "Retry-After", options: new() { ShouldStore = _ => kept }, facts: new() { ReachIsAssumed = true, IsChallenge = true }),
        Is.EqualTo(kept));

    [Test]
    public void ConventionsThatKeepEveryFinalStatusLeaveOutTheSameOnes()
    {
        var asgi = new IdempotencyOptions();
        asgi.UseAsgiIdempotencyHeaderConventions();
        var flask = new IdempotencyOptions();
        flask.UseFlaskIdempotentConventions();

        Assert.That(asgi.StoreStatusCodes, Is.EquivalentTo(Enumerable.Range(200, 400).Except(Asking)));
        Assert.That(flask.StoreStatusCodes, Is.EquivalentTo(asgi.StoreStatusCodes));
        Assert.That(Enumerable.Range(0, 1000).Where(RetryStatuses.Contains), Is.EquivalentTo(Asking));
    }

    private static IdempotencyOptions Listing(int status) => new() { StoreStatusCodes = new HashSet<int> { status } };

    private static bool Keeps(
        int status, string? header = null, string body = "", IdempotencyOptions? options = null, AnswerFacts facts = default)
    {
        var http = new DefaultHttpContext();
        http.Response.StatusCode = status;
        if (header is not null)
            http.Response.Headers[header] = "1";
        var bytes = new ReadOnlySequence<byte>(System.Text.Encoding.UTF8.GetBytes(body));
        return KeepRule.Keeps(http, options ?? new(), bytes, facts);
    }
}
