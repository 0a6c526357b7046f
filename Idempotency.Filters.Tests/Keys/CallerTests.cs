using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Extensions.DependencyInjection;
using static Idempotency.Filters.Tests.Support.ClaimsFromHeader;

namespace Idempotency.Filters.Tests.Keys;

/// <summary>Which caller a key belongs to, and what runs before a replay.</summary>
internal sealed class CallerTests
{
    [TestCase("sub=alice", "sub=bob", TestName = "Another subject does not share a key")]
    [TestCase("sub=alice", "", TestName = "Nobody does not share a user's key")]
    [TestCase("", "sub=anonymous", TestName = "A user called anonymous does not share nobody's key")]
    [TestCase("sub=alice", "client_id=alice", TestName = "A client with a user's name does not share its key")]
    [TestCase("sub=alice", "name=alice", TestName = "A user's display name is not its subject")]
    [TestCase("sub=alice@issuer1", "sub=alice@issuer2", TestName = "The same subject of another issuer does not share a key")]
    [TestCase("name=alice@issuer1", "name=alice@issuer2", TestName = "The same name of another issuer does not share a key")]
    [TestCase("sub=alice scheme=Cookies", "sub=alice scheme=Bearer", TestName = "Another authentication type does not share a key")]
    [TestCase("sub=alice@x,1:y", "sub=alice@x,1:y,", TestName = "Delimiters in an issuer do not help")]
    [TestCase("sub=a,b@c", "sub=a@b,c", TestName = "A delimiter cannot move from a subject to an issuer")]
    [TestCase("sub=5:alice", "sub=alice", TestName = "Delimiters in a subject do not help")]
    [TestCase("sub=a,6:issuer,4:Test,", "sub=a", TestName = "A subject that spells out another scope does not get it")]
    [TestCase("sub=a\u00e9", "sub=ae\u0301", TestName = "Names that only look alike do not share a key")]
    [TestCase("sub=Alice", "sub=alice", TestName = "Names differ by case")]
    [TestCase("sub=alice client_id=web", "sub=alice client_id=app", TestName = "Two clients of one subject do not share a key")]
    [TestCase("sub=alice azp=web", "sub=alice azp=app", TestName = "Two authorized parties do not share a key")]
    [TestCase("sub=alice appid=web", "sub=alice", TestName = "A user without a client does not share its key with one")]
    [TestCase(
        $"{ClaimTypes.NameIdentifier}=7 azp=web", $"{ClaimTypes.NameIdentifier}=7 azp=app",
        TestName = "Two clients of one name identifier do not share a key")]
    [TestCase("client_id=web name=a", "client_id=web name=b", TestName = "Two named users of one client do not share a key")]
    [TestCase("azp=web oid=1", "azp=web oid=2", TestName = "Two object ids of one party do not share a key")]
    [TestCase("appid=web upn=a", "appid=web upn=b", TestName = "Two principal names of one app do not share a key")]
    [TestCase("client_id=web user_name=a", "client_id=web user_name=b", TestName = "Two user names of one client do not share a key")]
    [TestCase("client_id=web user_id=1", "client_id=web user_id=2", TestName = "Two user ids of one client do not share a key")]
    [TestCase("client_id=web uid=1", "client_id=web uid=2", TestName = "Two uids of one client do not share a key")]
    [TestCase("azp=web email=a", "azp=web email=b", TestName = "Two addresses of one party do not share a key")]
    [TestCase("azp=web preferred_username=a", "azp=web", TestName = "A user does not share a key with its client")]
    [TestCase("client_id=web@issuer1", "client_id=web@issuer2", TestName = "The same client of another issuer does not share a key")]
    [TestCase("oid=1 name=Alice", "oid=2 name=Alice", TestName = "Two users with one display name do not share a key")]
    public async Task CallersDoNotShareKeys(string one, string other)
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync("/callers", "k", null, User(one)), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/callers", "k", null, User(other)), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/callers", "k", null, User(one)), Is.EqualTo("200 1 replayed"));
        Assert.That(await app.AnswerAsync("/callers", "k", null, User(other)), Is.EqualTo("200 2 replayed"));
    }

    [TestCase("sub=alice name=Alice", "sub=alice name=Bob", TestName = "The subject goes before the name")]
    [TestCase("sub=alice oid=1", "sub=alice oid=2", TestName = "The subject goes before the object id")]
    [TestCase(
        $"{ClaimTypes.NameIdentifier}=7 name=a", $"{ClaimTypes.NameIdentifier}=7 name=b",
        TestName = "The name identifier goes before the name")]
    [TestCase("oid=1 name=a", "oid=1 name=b", TestName = "The object id goes before the name")]
    [TestCase("client_id=web azp=a", "client_id=web azp=b", TestName = "The client goes before azp")]
    [TestCase("azp=web appid=a", "azp=web appid=b", TestName = "The party goes before appid")]
    [TestCase("sub=alice azp=web", "sub=alice appid=web", TestName = "The same client may come by another claim")]
    [TestCase("client_id=web", "azp=web", TestName = "So may a client without a user")]
    [TestCase("name=S\\a scheme=NTLM", "name=S\\a scheme=Kerberos", TestName = "A Windows account may come by another protocol")]
    public async Task FirstClaimThatNamesTheCallerCounts(string one, string other)
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync("/callers", "k", null, User(one)), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/callers", "k", null, User(other)), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task AuthenticatedCallerWithoutAnyNameIsRefusedAndTheMessageNamesCallerId()
    {
        await using var app = await StartAsync();

        Assert.That(
            await app.AnswerAsync("/callers", "k", null, User("role=admin")),
            Does.StartWith("500 ").And.Contains("IdempotencyOptions.CallerId"));
        Assert.That(app.Runs(), Is.Zero);
    }

    [Test]
    public async Task BareNameIsWarnedOfOnce()
    {
        await using var app = await StartAsync();

        await app.AnswerAsync("/callers", "a", null, User("sub=alice name=Alice"));
        await app.AnswerAsync("/callers", "b", null, User("name=CORP\\alice scheme=Negotiate"));
        await app.AnswerAsync("/callers", "c", null, User("client_id=web"));
        await app.AnswerAsync("/callers", "d");
        Assert.That(app.Logs.Lines.Select(line => line.Id.Id), Has.None.EqualTo(23));
        await app.AnswerAsync("/callers", "e", null, User("name=Alice"));
        await app.AnswerAsync("/callers", "f", null, User("azp=web email=bob"));

        Assert.That(app.Logs.Lines.Count(line => line.Id.Id == 23 && line.Message.Contains("CallerId")), Is.EqualTo(1));
    }

    [Test]
    public async Task CallerIdReplacesTheClaims()
    {
        await using var app = await StartAsync(o => o.CallerId = http => http.Request.Headers["X-Caller"]);

        Assert.That(await app.AnswerAsync("/callers", "k", null, User("sub=alice"), "X-Caller: acme"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/callers", "k", null, User("sub=bob"), "X-Caller: acme"), Is.EqualTo("200 1 replayed"));
        Assert.That(await app.AnswerAsync("/callers", "k", null, User("sub=alice"), "X-Caller: other"), Is.EqualTo("200 2"));
    }

    [Test]
    public async Task CallerIdThatNamesNobodyRefusesAnAuthenticatedCallerAndTakesAnAnonymousOne()
    {
        await using var app = await StartAsync(o => o.CallerId = _ => "");

        Assert.That(await app.AnswerAsync("/callers", "k", null, User("sub=alice")), Does.StartWith("500 ").And.Contains("CallerId"));
        Assert.That(await app.AnswerAsync("/callers", "k"), Is.EqualTo("200 1"));
    }

    [Test]
    public async Task KeyScopeAddsToTheCallerAndNeverReplacesIt()
    {
        await using var app = await StartAsync(o => o.KeyScope = http => http.Request.Headers["X-Tenant"]);

        Assert.That(await app.AnswerAsync("/callers", "k", null, User("sub=alice"), "X-Tenant: t1"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/callers", "k", null, User("sub=alice"), "X-Tenant: t2"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/callers", "k", null, User("sub=bob"), "X-Tenant: t1"), Is.EqualTo("200 3"));
        Assert.That(await app.AnswerAsync("/callers", "k", null, User("sub=alice"), "X-Tenant: t1"), Is.EqualTo("200 1 replayed"));
    }

    [TestCase("/callers/authorized", TestName = "The authorization middleware runs before a replay")]
    [TestCase("/callers/filtered", TestName = "An MVC authorization filter runs before a replay")]
    public async Task UnauthorizedRetryGetsNoReplay(string path)
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync(path, "k", null, User("sub=alice")), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync(path, "k"), Is.EqualTo("401"));
        Assert.That(await app.AnswerAsync(path, "k", null, User("sub=alice")), Is.EqualTo("200 1 replayed"));
    }

    [TestCase("/callers/authorized", TestName = "A 401 of the middleware does not poison the key")]
    [TestCase("/callers/filtered", TestName = "A 401 of a filter does not poison the key")]
    public async Task FirstUnauthorizedAnswerDoesNotPoisonTheKey(string path)
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync(path, "k"), Is.EqualTo("401"));
        Assert.That(await app.AnswerAsync(path, "k", null, User("sub=alice")), Is.EqualTo("200 1"));
    }

    [TestCase("/callers/rights/401", "401 1")]
    [TestCase("/callers/rights/403", "403 1")]
    public async Task TheActionsOwnRefusalIsNotKept(string path, string first)
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync(path, "k"), Is.EqualTo(first));
        Assert.That(await app.AnswerAsync(path, "k"), Does.EndWith(" 2"));
    }

    [Test]
    public async Task MinimalApiIsAuthorizedBeforeAReplay()
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync("/minimal", "k", null, User("sub=alice")), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/minimal", "k"), Is.EqualTo("401"));
        Assert.That(await app.AnswerAsync("/minimal", "k", null, User("sub=bob")), Is.EqualTo("200 2"));
    }

    private static Task<TestApp> StartAsync(Action<IdempotencyOptions>? configure = null) => Answers.StartAsync(
        [typeof(CallersController)],
        s =>
        {
            s.AddIdempotency(configure);
            AddTo(s);
        },
        app =>
        {
            Answers.ShowErrors(app);
            app.UseAuthentication();
            app.UseAuthorization();
            app.MapPost("/minimal", (Runs runs) => runs.Next()).RequireAuthorization().RequireIdempotency();
        });
}

[ApiController, Route("callers"), Idempotent]
public sealed class CallersController(Runs runs) : ControllerBase
{
    [HttpPost]
    public int Plain() => runs.Next();

    [HttpPost("authorized"), Authorize]
    public int Authorized() => runs.Next();

    [HttpPost("filtered"), NeedsUser]
    public int Filtered() => runs.Next();

    [HttpPost("rights/{status}")]
    public ActionResult Rights(int status) => StatusCode(status, runs.Next());

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class NeedsUserAttribute : Attribute, IAuthorizationFilter
    {
        public void OnAuthorization(AuthorizationFilterContext context)
        {
            if (context.HttpContext.User.Identity is not { IsAuthenticated: true })
                context.Result = new ContentResult { StatusCode = StatusCodes.Status401Unauthorized };
        }
    }
}
