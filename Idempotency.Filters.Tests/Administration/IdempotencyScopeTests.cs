using System.Security.Claims;
using Idempotency.Filters.Keys;
using Microsoft.AspNetCore.Http;

namespace Idempotency.Filters.Tests.Administration;

/// <summary>An operator names a caller without a request, and means the same caller as the requests.</summary>
internal sealed class IdempotencyScopeTests
{
    [Test]
    public void AnonymousIsARequestWithoutAUser([Values(null, "", "t1")] string? tenant) => Assert.That(
        IdempotencyScope.Anonymous.With(tenant).Value, Is.EqualTo(OfRequest(null, new() { KeyScope = _ => tenant })));

    [Test]
    public void OfCallerIsARequestWithThatCallerId(
        [Values("alice", "5:alice,")] string caller, [Values(null, "t1")] string? tenant) => Assert.That(
        IdempotencyScope.OfCaller(caller).With(tenant).Value,
        Is.EqualTo(OfRequest(User("sub", "somebody"), new() { CallerId = _ => caller, KeyScope = _ => tenant })));

    [Test]
    public void OfUserIsARequestOfThatUser(
        [Values("sub", ClaimTypes.NameIdentifier, "oid", "client_id", "azp", "appid", ClaimTypes.Name, "upn")] string claim,
        [Values(null, "t1")] string? tenant) =>
        Assert.That(
            IdempotencyScope.OfUser(User(claim, "alice")).With(tenant).Value,
            Is.EqualTo(OfRequest(User(claim, "alice"), new() { KeyScope = _ => tenant })));

    [Test]
    public void OfUserTellsIssuersAndSchemesApart()
    {
        string[] scopes =
        [
            .. new[] { User("sub", "alice"), User("sub", "alice", "other"), User("sub", "alice", scheme: "Cookies") }
                .Select(user => IdempotencyScope.OfUser(user).Value),
        ];

        Assert.That(scopes, Is.Unique);
    }

    [Test]
    public void CallerIsNoUserAndNotAnonymous()
    {
        string[] scopes =
        [
            IdempotencyScope.Anonymous.Value, IdempotencyScope.OfCaller("anonymous").Value,
            IdempotencyScope.OfUser(User("sub", "anonymous")).Value,
        ];

        Assert.That(scopes, Is.Unique);
    }

    [Test]
    public void WithLeavesTheCallerAsItIs()
    {
        var alice = IdempotencyScope.OfCaller("alice");

        Assert.That(alice.With("t1").With("t2").Value, Is.EqualTo(alice.With("t2").Value));
        Assert.That(alice.With("t1").With(null).Value, Is.EqualTo(alice.Value));
    }

    [Test]
    public void UserWithoutANameIsRefused()
    {
        Assert.That(() => IdempotencyScope.OfUser(User("role", "admin")), Throws.ArgumentException);
        Assert.That(
            () => IdempotencyScope.OfUser(new(new ClaimsIdentity([new("sub", "alice")]))),
            Throws.ArgumentException.With.Message.Contains("authenticated"));
        Assert.That(() => IdempotencyScope.OfCaller(""), Throws.ArgumentException);
    }

    private static string OfRequest(ClaimsPrincipal? user, IdempotencyOptions options)
    {
        var http = new DefaultHttpContext();
        if (user is not null)
            http.User = user;
        return RequestScope.Of(http, options.CallerId, options.KeyScope).Value;
    }

    private static ClaimsPrincipal User(string type, string value, string issuer = "issuer", string scheme = "Bearer") =>
        new(new ClaimsIdentity([new(type, value, null, issuer)], scheme));
}
