using Idempotency.Filters.Keys;
using Idempotency.Filters.Primitives;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Engine;

/// <summary>The key that an action derives for another system.</summary>
internal sealed class DeriveKeyTests
{
    private const string Charge = "200 d1kXx4crVpE1Gk-cFcH5CA03jZLxgurJoK_NVLUD4n8";

    [TestCase("/derived", TestName = "MVC")]
    [TestCase("/minimal-derived", TestName = "Minimal API")]
    [TestCase("/derived/manual", TestName = "Manual mode")]
    public async Task KeyIsThatOfCallerKeyAndPurpose(string path)
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync($"{path}?purpose=charge", "k"), Is.EqualTo(Charge));
        Assert.That(await app.AnswerAsync($"{path}?purpose=refund", "k2"), Does.Not.Contain(Charge));
    }

    [Test]
    public async Task KeyIsTheSameForEachRepeat()
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync("/derived/manual?purpose=charge", "k"), Is.EqualTo(Charge));
        Assert.That(await app.AnswerAsync("/derived/manual?purpose=charge", "k"), Is.EqualTo(Charge));
        Assert.That(app.Runs(), Is.EqualTo(2));
    }

    [TestCase("idempotency:shop:")]
    [TestCase("another prefix:")]
    public async Task PrefixDoesNotCount(string prefix)
    {
        await using var app = await StartAsync(o => o.KeyPrefix = prefix);

        Assert.That(await app.AnswerAsync("/derived?purpose=charge", "k"), Is.EqualTo(Charge));
    }

    [Test]
    public async Task CallerAndScopeCountAndSoDoesTheSecret()
    {
        byte[] secret = [.. Enumerable.Range(0, 40).Select(i => (byte)i)];
        await using var app = await StartAsync(o =>
        {
            o.CallerId = http => http.Request.Headers["X-Caller"];
            o.KeyScope = http => (string?)http.Request.Headers["X-Tenant"];
        });
        await using var keyed = await StartAsync(o => o.HashSecret = secret);

        var alice = await app.AnswerAsync("/derived?purpose=charge", "k", null, "X-Caller: alice", "X-Tenant: t1");
        string[] others =
        [
            await app.AnswerAsync("/derived?purpose=charge", "k", null, "X-Caller: bob", "X-Tenant: t1"),
            await app.AnswerAsync("/derived?purpose=charge", "k", null, "X-Caller: alice", "X-Tenant: t2"),
            await app.AnswerAsync("/derived?purpose=charge", "k2", null, "X-Caller: alice", "X-Tenant: t1"),
            await app.AnswerAsync("/derived?purpose=refund", "k3", null, "X-Caller: alice", "X-Tenant: t1"),
        ];

        var scope = RequestScope.Within(RequestScope.FromCallerId("alice")!, "t1");
        Assert.That(alice, Is.EqualTo($"200 {DerivedKey.Make(HashKeys.None, scope, "k", "charge", 43)}"));
        Assert.That(others.Append(alice), Is.Unique);
        Assert.That(
            await keyed.AnswerAsync("/derived?purpose=charge", "k"), Is.EqualTo("200 OZfWIanIX3IhbI3_GHgEguA8Qkx7kP10OFhL2VnAUbA"));
    }

    [Test]
    public async Task RunWithoutProtectionDerivesTheSameKey()
    {
        var store = new FaultyStore { OnClaim = () => throw new TimeoutException("the store is down") };
        await using var app = await StartAsync(
            o => o.WhenStoreIsDown = StoreDownBehavior.Execute, s => s.AddIdempotency().UseStore((_, _) => store));

        Assert.That(await app.AnswerAsync("/derived?purpose=charge", "k"), Is.EqualTo(Charge));
    }

    [TestCase(22, "200 d1kXx4crVpE1Gk-cFcH5CA")]
    [TestCase(43, Charge)]
    public async Task LengthIsChosen(int length, string expected)
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync($"/derived?purpose=charge&length={length}", "k"), Is.EqualTo(expected));
    }

    [TestCase(21)]
    [TestCase(44)]
    [TestCase(-1)]
    public async Task OtherLengthsAreRefused(int length)
    {
        await using var app = await StartAsync();

        Assert.That(
            await app.AnswerAsync($"/derived?purpose=charge&length={length}", "k"),
            Does.StartWith("500 ").And.Contains($"{nameof(ArgumentOutOfRangeException)} length"));
    }

    [TestCase("")]
    [TestCase(null)]
    public async Task PurposeIsNeeded(string? purpose)
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync($"/minimal-raw?purpose={purpose}", "k"), Does.StartWith("500 ").And.Contains(" purpose"));
    }

    private static Task<TestApp> StartAsync(Action<IdempotencyOptions>? options = null, Action<IServiceCollection>? services = null) =>
        Answers.StartAsync(
            [typeof(DeriveController)],
            s =>
            {
                s.AddIdempotency(options);
                services?.Invoke(s);
            },
            app =>
            {
                app.Use(async (http, next) =>
                {
                    try
                    {
                        await next(http);
                    }
                    catch (ArgumentException exception)
                    {
                        http.Response.StatusCode = 500;
                        await http.Response.WriteAsync(
                            $"{exception.GetType().Name} {exception.ParamName}");
                    }
                });
                app.MapPost("/minimal-derived", (string purpose, IIdempotencyContext idempotency) => idempotency.DeriveKey(purpose))
                    .RequireIdempotency();
                app.MapPost("/minimal-raw", (string? purpose, IIdempotencyContext idempotency) => idempotency.DeriveKey(purpose!))
                    .RequireIdempotency();
            });
}

[ApiController, Route("derived")]
public sealed class DeriveController(Runs runs) : ControllerBase
{
    [HttpPost, Idempotent]
    public string Derived(string purpose, int? length, IIdempotencyContext idempotency) => idempotency.DeriveKey(purpose, length);

    [HttpPost("manual"), IdempotencyManual]
    public string Manual(string purpose, IIdempotencyContext idempotency)
    {
        runs.Next();
        return idempotency.DeriveKey(purpose);
    }
}
