using System.Net.Http.Headers;
using FsCheck;
using FsCheck.Fluent;
using Idempotency.Filters.Primitives;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace Idempotency.Filters.Tests.Requests;

/// <summary>An API version outside path and query is part of the request: version 2 never gets the answer of version 1.</summary>
internal sealed class FingerprintHeaderTests
{
    // Values of the characters that separate names, lengths and values.
    private static readonly Gen<string?> Value = Gen.OneOf(
        Gen.Constant<string?>(null),
        Gen.Elements('a', 'b', ':', ';', '0', '1', ',').ArrayOf().Select(c => (string?)new string(c)).Resize(6));

    private static readonly Arbitrary<(string? A, string? B)[]> HeaderPairs =
        (from a in Value from b in Value select (a, b)).ArrayOf(20).ToArbitrary();

    [Test]
    public async Task OtherVersionInAHeaderIsAnotherRequest()
    {
        await using var app = await StartAsync("api-version");

        Assert.That(await app.AnswerAsync("/orders", "k", null, "api-version: 1"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/orders", "k", null, "api-version: 2"), Is.EqualTo("422 key-reused"));
        Assert.That(await app.AnswerAsync("/orders", "k"), Is.EqualTo("422 key-reused"));
        Assert.That(await app.AnswerAsync("/orders", "k", null, "API-Version: 1"), Is.EqualTo("200 1 replayed"));
        Assert.That(await app.AnswerAsync("/orders", "k2", null, "api-version: 2"), Is.EqualTo("200 2"));
    }

    [Test]
    public async Task OtherVersionInAParameterOfAcceptIsAnotherRequest()
    {
        await using var app = await StartAsync("Accept");

        Assert.That(await app.AnswerAsync("/orders", "k", null, "Accept: application/json;v=1.0"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/orders", "k", null, "Accept: application/json;v=2.0"), Is.EqualTo("422 key-reused"));
        Assert.That(await app.AnswerAsync("/orders", "k", null, "Accept: application/json;v=1.0"), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task OtherVersionInAParameterOfTheContentTypeIsAnotherRequestWithoutAnySetting()
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync("/orders", "k", Body("application/json;v=1.0")), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/orders", "k", Body("application/json;v=2.0")), Is.EqualTo("422 key-reused"));
        Assert.That(
            await app.AnswerAsync("/orders", "k", Body("application/json; charset=utf-8; v=\"1.0\"")), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task HeaderThatNobodyNamedDoesNotCount()
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync("/orders", "k", null, "api-version: 1"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/orders", "k", null, "api-version: 2"), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task PolicyNamesItsOwnHeaders()
    {
        await using var app = await Answers.StartAsync(
            app => app.MapPost("/orders", (Runs runs) => runs.Next()).RequireIdempotency("versioned"),
            s => s.AddIdempotency().AddPolicy("versioned", o => o.FingerprintHeaders = ["X-Version"]));

        Assert.That(await app.AnswerAsync("/orders", "k", null, "X-Version: 1"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/orders", "k", null, "X-Version: 2"), Is.EqualTo("422 key-reused"));
    }

    [Test]
    public async Task InstancesWithTheSameNamesInAnotherOrderAndCaseShareRecords()
    {
        var store = new FaultyStore();
        await using var one = await StartAsync(store, "a", "B");
        await using var other = await StartAsync(store, "b", "A", "a");

        Assert.That(await one.AnswerAsync("/orders", "k", null, "a: 1", "b: 2"), Is.EqualTo("200 1"));
        Assert.That(await other.AnswerAsync("/orders", "k", null, "b: 2", "a: 1"), Is.EqualTo("200 1 replayed"));
        Assert.That(await other.AnswerAsync("/orders", "k", null, "b: 1", "a: 2"), Is.EqualTo("422 key-reused"));
    }

    [FsCheck.NUnit.Property(MaxTest = 1000)]
    public Property DistinctHeadersGiveDistinctTargets() => Prop.ForAll(HeaderPairs, pairs =>
    {
        var hasher = Hashing.With("a", "b");
        var targets = Array.ConvertAll(pairs, pair => Text(hasher.TargetOf(Request(pair.A, pair.B))));
        return targets.Distinct().Count() == pairs.Distinct().Count();
    });

    [TestCase("", "a: ", false, TestName = "An empty header is not a missing one")]
    [TestCase("a: 1", "b: 1", false, TestName = "The value of one header is not that of another")]
    [TestCase("a: 1;b:1:2", "a: 1|b: 2", false, TestName = "A value that spells another header does not pass for it")]
    [TestCase("a: b", "a: ;b", false, TestName = "A value that spells a missing header does not pass for it")]
    [TestCase("a: |b: b:", "a: b:|b: ", false, TestName = "What stands at the end of one value cannot move into the next")]
    [TestCase("a: x", "a: X", false, TestName = "The case of a value counts")]
    [TestCase("a: 1|a: 2", "a: 1, 2", true, TestName = "Two lines are one line with a comma")]
    [TestCase("a: 1|a: 2", "a: 2|a: 1", false, TestName = "The order of two lines counts")]
    public void HeadersAreTheSame(string one, string other, bool same)
    {
        var hasher = Hashing.With("a", "b");

        Assert.That(hasher.TargetOf(Request(one)).Matches(hasher.TargetOf(Request(other))), Is.EqualTo(same));
    }

    private static string Text(Sha256Digest hash) => Convert.ToHexString(hash);

    private static HttpRequest Request(string? a, string? b)
    {
        var request = new DefaultHttpContext().Request;
        if (a is not null)
            request.Headers["a"] = a;
        if (b is not null)
            request.Headers["b"] = b;
        return request;
    }

    private static HttpRequest Request(string headers)
    {
        var request = new DefaultHttpContext().Request;
        foreach (var header in headers.Split('|', StringSplitOptions.RemoveEmptyEntries))
            request.Headers[header[..1]] = StringValues.Concat(request.Headers[header[..1]], header[2..].TrimStart());
        return request;
    }

    private static StringContent Body(string contentType)
    {
        var content = new StringContent("{}");
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        return content;
    }

    private static Task<TestApp> StartAsync(params string[] headers) => StartAsync(null, headers);

    private static Task<TestApp> StartAsync(FaultyStore? store, params string[] headers) => Answers.StartAsync(
        app => app.MapPost("/orders", (Runs runs) => runs.Next()).RequireIdempotency(),
        services =>
        {
            var idempotency = services.AddIdempotency(o => o.FingerprintHeaders = headers);
            if (store is not null)
                idempotency.UseStore((_, _) => store);
        });
}
