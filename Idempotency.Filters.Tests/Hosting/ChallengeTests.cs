using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Tests.Hosting;

/// <summary>
/// A challenge or a refusal is not kept, whatever status the scheme makes of it: a redirect to a sign-in page holds for one moment.
/// </summary>
internal sealed class ChallengeTests
{
    [TestCase("/challenged")]
    [TestCase("/challenged/forbid")]
    [TestCase("/challenged/typed")]
    [TestCase("/challenged/http")]
    [TestCase("/challenged/http-union")]
    [TestCase("/challenged/by-action-filter")]
    [TestCase("/challenged/by-result-filter")]
    [TestCase("/minimal/challenge")]
    [TestCase("/minimal/forbid")]
    [TestCase("/minimal/typed")]
    [TestCase("/minimal/union")]
    [TestCase("/minimal/nested")]
    [TestCase("/minimal/filter-before")]
    [TestCase("/minimal/filter-behind")]
    public async Task ChallengeIsNotKeptAndTheStepUpRuns(string path)
    {
        await using var app = await StartAsync();

        var first = await app.AnswerAsync(path, "k");
        var second = await app.AnswerAsync(path, "k");

        Assert.That(new[] { first, second }, Is.EqualTo(["302 sign in 1", "302 sign in 2"]));
    }

    [TestCase("/challenged/redirect")]
    [TestCase("/minimal/redirect")]
    public async Task RedirectOfTheActionIsKept(string path)
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync(path, "k"), Is.EqualTo("302"));
        Assert.That(await app.AnswerAsync(path, "k"), Is.EqualTo("302 replayed"));
    }

    [Test]
    public async Task ChallengeByHandIsDiscardedByTheAction()
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync("/challenged/by-hand", "k"), Is.EqualTo("302 sign in 1"));
        Assert.That(await app.AnswerAsync("/challenged/by-hand", "k"), Is.EqualTo("302 sign in 2"));
    }

    private static Task<TestApp> StartAsync() => Answers.StartAsync(
        [typeof(ChallengedController)],
        s => s.AddAuthentication("Remote").AddScheme<AuthenticationSchemeOptions, RedirectingScheme>("Remote", null),
        app =>
        {
            var minimal = app.MapGroup("/minimal");
            minimal.MapPost("/challenge", () => Results.Challenge()).RequireIdempotency();
            minimal.MapPost("/forbid", () => Results.Forbid()).RequireIdempotency();
            minimal.MapPost("/typed", () => TypedResults.Challenge()).RequireIdempotency();
            minimal.MapPost("/union", Results<Ok, ChallengeHttpResult> () => TypedResults.Challenge()).RequireIdempotency();
            minimal.MapPost("/nested", Results<Ok, Results<Created, ForbidHttpResult>> () =>
                (Results<Created, ForbidHttpResult>)TypedResults.Forbid()).RequireIdempotency();
            minimal.MapPost("/redirect", () => Results.Redirect("/receipt")).RequireIdempotency();
            minimal.MapPost("/filter-before", () => "ran").AddEndpointFilter(ChallengeAfterAsync).RequireIdempotency();
            minimal.MapPost("/filter-behind", () => "ran").RequireIdempotency().AddEndpointFilter(ChallengeAfterAsync);
        });

    private static async ValueTask<object?> ChallengeAfterAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        await next(invocation);
        return Results.Challenge();
    }

    private sealed class RedirectingScheme(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(AuthenticateResult.NoResult());

        protected override Task HandleChallengeAsync(AuthenticationProperties properties) => SignInAsync();

        protected override Task HandleForbiddenAsync(AuthenticationProperties properties) => SignInAsync();

        private Task SignInAsync()
        {
            var state = Context.RequestServices.GetRequiredService<Runs>().Next();
            Response.Redirect($"https://login.example/?state={state}");
            return Response.WriteAsync($"sign in {state}");
        }
    }
}

[ApiController, Route("challenged"), Idempotent]
public sealed class ChallengedController(IIdempotencyContext idempotency) : ControllerBase
{
    [HttpPost]
    public IActionResult AskFor() => Challenge();

    [HttpPost("forbid")]
    public IActionResult Refuse() => Forbid();

    [HttpPost("typed")]
    public ActionResult<int> Typed() => Forbid();

    [HttpPost("http")]
    public IResult Http() => Results.Challenge();

    [HttpPost("http-union")]
    public Results<Ok, ForbidHttpResult> HttpUnion() => TypedResults.Forbid();

    [HttpPost("redirect")]
    public IActionResult Away() => Redirect("/receipt");

    [HttpPost("by-hand")]
    public async Task ByHand()
    {
        idempotency.Discard();
        await HttpContext.ChallengeAsync();
    }

    [HttpPost("by-action-filter"), ChallengeAfter]
    public int ByActionFilter() => 1;

    [HttpPost("by-result-filter"), ChallengeResult]
    public int ByResultFilter() => 1;

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class ChallengeAfterAttribute : ActionFilterAttribute
    {
        public override void OnActionExecuted(ActionExecutedContext context) => context.Result = new ChallengeResult();
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class ChallengeResultAttribute : ResultFilterAttribute
    {
        public override void OnResultExecuting(ResultExecutingContext context) => context.Result = new ForbidResult();
    }
}
