using System.Security.Claims;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Administration;

/// <summary>
/// A kind of scope that no request can have is refused, because "nothing found" and "0 forgotten" would look like answers.
/// </summary>
internal sealed class ScopeKindTests
{
    private static readonly IdempotencyScope Caller = IdempotencyScope.OfCaller("alice");

    private static readonly IdempotencyScope User =
        IdempotencyScope.OfUser(new(new ClaimsIdentity([new("sub", "alice")], "Bearer")));

    [Test]
    public async Task CallerWithoutACallerIdIsRefused()
    {
        await using var app = await StartAsync(_ => { });

        AssertRefused(app, Caller, "OfUser(...) in place of OfCaller(...)");
        await AssertAskedAsync(app, User, IdempotencyScope.Anonymous);
    }

    [Test]
    public async Task UserBesideACallerIdIsRefused()
    {
        await using var app = await StartAsync(NameCallers);

        AssertRefused(app, User, "OfCaller(...) in place of OfUser(...)");
        await AssertAskedAsync(app, Caller, IdempotencyScope.Anonymous);
    }

    [Test]
    public async Task AnonymousWhereAnonymousCallersAreRejectedIsRefused()
    {
        await using var app = await StartAsync(o => o.AnonymousCallers = AnonymousCallers.Reject);

        AssertRefused(app, IdempotencyScope.Anonymous, "AnonymousCallers is Reject");
        await AssertAskedAsync(app, User);
    }

    [Test]
    public async Task AdditionWithoutAKeyScopeIsRefused()
    {
        await using var app = await StartAsync(NameCallers);

        AssertRefused(app, Caller.With("tenant"), "leave With(...) out");
        AssertRefused(app, IdempotencyScope.Anonymous.With("tenant"), "leave With(...) out");
        await AssertAskedAsync(app, Caller.With(null));
    }

    /// <summary>The delegate may return null.</summary>
    [Test]
    public async Task ScopeWithoutAnAdditionIsPossibleBesideAKeyScope()
    {
        await using var app = await StartAsync(o => o.KeyScope = _ => "tenant");

        await AssertAskedAsync(app, User, User.With("tenant"), IdempotencyScope.Anonymous, IdempotencyScope.Anonymous.With("tenant"));
    }

    [Test]
    public async Task KeyIsLookedForUnderItsPolicyOnly()
    {
        await using var app = await StartAsync(_ => { }, NameCallers);

        Assert.That(async () => await app.Operator().FindAsync(Caller, "k"), Throws.ArgumentException);
        Assert.That(await app.Operator().FindAsync(Caller, "k", "policy"), Is.Null);
        Assert.That(await app.Operator().FindAsync(User, "k"), Is.Null);
        Assert.That(async () => await app.Operator().FindAsync(User, "k", "policy"), Throws.ArgumentException);
    }

    [Test]
    public async Task ScopeThatOnePolicyCanHaveIsForgotten()
    {
        await using var app = await StartAsync(_ => { }, NameCallers);
        await app.AnswerAsync("/orders/policy", "1", null, ["X-Caller: alice"]);

        Assert.That(await app.Operator().ForgetAsync(Caller), Is.EqualTo(1));
        Assert.That(await app.Operator().ForgetAsync(User), Is.Zero);
    }

    /// <summary>One policy sets CallerId, another KeyScope; none sets both.</summary>
    [Test]
    public async Task ScopeOfPartsThatNoOnePolicyHasIsRefused()
    {
        await using var app = await StartAsync(o => o.KeyScope = _ => "tenant", o => (o.CallerId, o.KeyScope) = (_ => "alice", null));

        Assert.That(
            async () => await app.Operator().ForgetAsync(Caller.With("tenant")),
            Throws.ArgumentException.With.Message.Contains("OfUser(...)").And.Message.Contains("leave With(...) out"));
    }

    private static void NameCallers(IdempotencyOptions options) => options.CallerId = http => http.Request.Headers["X-Caller"];

    private static async Task AssertAskedAsync(TestApp app, params IdempotencyScope[] scopes)
    {
        foreach (var scope in scopes)
        {
            Assert.That(await app.Operator().FindAsync(scope, "k"), Is.Null);
            Assert.That(await app.Operator().ResolveAsync(scope, "k", IdempotencyResolution.Free), Is.EqualTo(ResolveOutcome.NotFound));
            Assert.That(await app.Operator().ForgetAsync(scope), Is.Zero);
        }
    }

    private static void AssertRefused(TestApp app, IdempotencyScope scope, string advice)
    {
        Func<Task>[] calls =
        [
            async () => await app.Operator().FindAsync(scope, "k"),
            async () => await app.Operator().ResolveAsync(scope, "k", IdempotencyResolution.Free),
            async () => await app.Operator().ForgetAsync(scope),
        ];
        foreach (var call in calls)
        {
            Assert.That(call, Throws.ArgumentException
                .With.Property(nameof(ArgumentException.ParamName)).EqualTo("scope").And.Message.Contains(advice));
        }
    }

    private static Task<TestApp> StartAsync(Action<IdempotencyOptions> defaults, Action<IdempotencyOptions>? policy = null) =>
        new Script().StartAsync<TwoPoliciesController>(
            defaults, services: s => s.AddIdempotency().AddPolicy("policy", policy ?? (_ => { })));
}
