using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ApplicationModels;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Hosting.Mvc;

/// <summary>A Razor Page is covered as a whole, with all its handlers.</summary>
internal sealed class RazorPagesTests
{
    [TestCase("/Marked", TestName = "A page whose model is marked")]
    [TestCase("/InPage", TestName = "A page that is marked in its markup")]
    public async Task MarkedPageRunsOnce(string path)
    {
        await using var app = await StartAsync("Marked", "InPage");

        Assert.That(await app.AnswerAsync(path, null), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync(path, "k"), Is.EqualTo("200 <p>run 1</p>"));
        Assert.That(await app.AnswerAsync(path, "k"), Is.EqualTo("200 <p>run 1</p> replayed"));
    }

    [Test]
    public async Task GetOfAMarkedPageIsUntouched()
    {
        await using var app = await StartAsync("Marked");

        Assert.That(await app.AnswerAsync(HttpMethod.Get, "/Marked", null), Is.EqualTo("200 <p>run 0</p>"));
        Assert.That(await app.AnswerAsync(HttpMethod.Get, "/Marked", "k"), Is.EqualTo("200 <p>run 0</p>"));
    }

    [Test]
    public async Task EveryHandlerOfAMarkedPageIsCovered()
    {
        await using var app = await StartAsync("Marked");

        Assert.That(await app.AnswerAsync("/Marked?handler=Other", "k1"), Is.EqualTo("200 other 1"));
        Assert.That(await app.AnswerAsync("/Marked?handler=Other", "k1"), Is.EqualTo("200 other 1 replayed"));
        Assert.That(await app.AnswerAsync("/Marked", "k1"), Is.EqualTo("422 key-reused"));
    }

    [Test]
    public async Task GlobalFilterCoversUnmarkedPagesAndNoExemptOnes()
    {
        await using var app = await StartAsync(
            s => s.Configure<MvcOptions>(o => o.Filters.Add<IdempotencyFilter>()), "Plain", "Exempt", "Marked");

        Assert.That(await app.AnswerAsync("/Plain", null), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync("/Plain", "k1"), Is.EqualTo("200 <p>run 1</p>"));
        Assert.That(await app.AnswerAsync("/Plain", "k1"), Is.EqualTo("200 <p>run 1</p> replayed"));
        Assert.That(await app.AnswerAsync("/Exempt", null), Is.EqualTo("200 <p>run 2</p>"));
        Assert.That(await app.AnswerAsync("/Exempt", "k1"), Is.EqualTo("200 <p>run 3</p>"));
        Assert.That(await app.AnswerAsync("/Marked", "k2"), Is.EqualTo("200 <p>run 4</p>"));
        Assert.That(await app.AnswerAsync("/Marked", "k2"), Is.EqualTo("200 <p>run 4</p> replayed"));
    }

    [Test]
    public async Task PageWithoutAMarkerIsNotCovered()
    {
        await using var app = await StartAsync("Plain");

        Assert.That(await app.AnswerAsync("/Plain", "k"), Is.EqualTo("200 <p>run 1</p>"));
        Assert.That(await app.AnswerAsync("/Plain", "k"), Is.EqualTo("200 <p>run 2</p>"));
    }

    [Test]
    public async Task PageMarkedByAConventionIsCovered()
    {
        await using var app = await StartAsync(
            s => s.Configure<RazorPagesOptions>(o => o.Conventions.AddFolderApplicationModelConvention(
                "/", page => page.Filters.Add(new IdempotentAttribute()))),
            "Plain");

        Assert.That(await app.AnswerAsync("/Plain", "k"), Is.EqualTo("200 <p>run 1</p>"));
        Assert.That(await app.AnswerAsync("/Plain", "k"), Is.EqualTo("200 <p>run 1</p> replayed"));
    }

    [Test]
    public async Task ManualPageAlwaysRunsAndGetsTheContextAsAParameter()
    {
        await using var app = await StartAsync("Manual");

        Assert.That(await app.AnswerAsync("/Manual", "k"), Is.EqualTo("200 1 False"));
        Assert.That(await app.AnswerAsync("/Manual", "k"), Is.EqualTo("200 2 True"));
        Assert.That(await app.AnswerAsync("/Manual?handler=Replay", "k"), Is.EqualTo("200 1 False replayed"));
    }

    [Test]
    public async Task ShortCircuitOfAPageFilterIsNotKept()
    {
        await using var app = await StartAsync("Validated");

        Assert.That(await app.AnswerAsync("/Validated", "k", null, "X-Stop: 1"), Is.EqualTo("409 stopped"));
        Assert.That(await app.AnswerAsync("/Validated", "k"), Is.EqualTo("200 <p>run 1</p>"));
        Assert.That(await app.AnswerAsync("/Validated", "k"), Is.EqualTo("200 <p>run 1</p> replayed"));
    }

    [Test]
    public async Task AntiforgeryOfPagesRunsBeforeAReplayAndItsTokenIsNoPartOfTheRequest()
    {
        await using var app = await Answers.StartAsync([], s => s.AddPages("Marked"), app =>
        {
            app.MapGet("/token", (IAntiforgery antiforgery, HttpContext http) => antiforgery.GetAndStoreTokens(http).RequestToken);
            app.MapRazorPages();
        });
        var (cookie, one) = await TokensAsync(app, "none=0");
        var (_, other) = await TokensAsync(app, cookie);

        Assert.That(await PostAsync("wrong", "1"), Is.EqualTo("400"));
        Assert.That(await PostAsync(one, "1"), Is.EqualTo("200 <p>run 1</p>"));
        Assert.That(await PostAsync(other, "1"), Is.EqualTo("200 <p>run 1</p> replayed"));
        Assert.That(await PostAsync(other, "2"), Is.EqualTo("422 key-reused"));
        Assert.That(await PostAsync("wrong", "1"), Is.EqualTo("400"));

        Task<string> PostAsync(string token, string amount) => app.AnswerAsync(
            "/Marked",
            "k",
            new FormUrlEncodedContent([KeyValuePair.Create("amount", amount), KeyValuePair.Create("__RequestVerificationToken", token)]),
            $"Cookie: {cookie}");
    }

    [TestCase("MarkedHandler", "MarkedHandlerPage.OnPost", "put the marker on the page model")]
    [TestCase("TwoMarkers", "TwoMarkersPage", "[Idempotent]", "[IdempotencyExempt]")]
    public async Task MarkerThatCannotWorkFailsTheStart(string page, params string[] words)
    {
        InvalidOperationException? failure = null;
        try
        {
            await using var app = await StartAsync(page);
        }
        catch (InvalidOperationException exception)
        {
            failure = exception;
        }

        Assert.That(
            words,
            Has.All.Matches<string>(word => failure is not null && failure.Message.Contains(word, StringComparison.Ordinal)),
            failure?.Message);
    }

    private static Task<TestApp> StartAsync(params string[] pages) => StartAsync(_ => { }, pages);

    private static Task<TestApp> StartAsync(Action<IServiceCollection> services, params string[] pages) => Answers.StartAsync(
        [],
        s =>
        {
            s.AddPages(pages).Configure<RazorPagesOptions>(o => o.Conventions.ConfigureFilter(new IgnoreAntiforgeryTokenAttribute()));
            services(s);
        },
        app => app.MapRazorPages());

    private static async Task<(string Cookie, string Token)> TokensAsync(TestApp app, string cookie)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/token");
        request.Headers.Add("Cookie", cookie);
        using var response = await app.Client.SendAsync(request);
        var set = response.Headers.TryGetValues("Set-Cookie", out var values) ? values.Single().Split(';')[0] : cookie;
        return (set, await response.Content.ReadAsStringAsync());
    }
}

[Idempotent]
public sealed class MarkedPage(Runs runs) : PageModel
{
    public int Run { get; private set; }

    public void OnGet()
    {
    }

    public void OnPost() => Run = runs.Next();

    public ContentResult OnPostOther() => Content($"other {runs.Next()}");
}

public sealed class PlainPage(Runs runs) : PageModel
{
    public int Run { get; private set; }

    public void OnPost() => Run = runs.Next();
}

[IdempotencyExempt]
public sealed class ExemptPage(Runs runs) : PageModel
{
    public int Run { get; private set; }

    public void OnPost() => Run = runs.Next();
}

[IdempotencyManual]
public sealed class ManualPage(Runs runs) : PageModel
{
    public int Run => runs.Count;

    public ContentResult OnPost(IIdempotencyContext idempotency) => Content($"{runs.Next()} {idempotency.IsRepeat}");

    public IActionResult OnPostReplay(IIdempotencyContext idempotency) => idempotency.Replay();
}

[Idempotent]
public sealed class ValidatedPage(Runs runs) : PageModel
{
    public int Run { get; private set; }

    public void OnPost() => Run = runs.Next();

    public override void OnPageHandlerExecuting(Microsoft.AspNetCore.Mvc.Filters.PageHandlerExecutingContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.HttpContext.Request.Headers.ContainsKey("X-Stop"))
            context.Result = new ContentResult { Content = "stopped", StatusCode = 409 };
    }
}

public sealed class MarkedHandlerPage : PageModel
{
    public int Run => 0;

    [Idempotent]
    public void OnPost()
    {
    }
}

[Idempotent, IdempotencyExempt]
public sealed class TwoMarkersPage : PageModel
{
    public int Run => 0;

    public void OnPost()
    {
    }
}
