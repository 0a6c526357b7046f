using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Engine;

/// <summary>What an action learns from <see cref="IIdempotencyContext"/>, and how it gets the context.</summary>
internal sealed class ContextTests
{
    private const string Nothing = "key= repeat=False response= matches= token= lost=False";

    [TestCase("/context/exempt", "k", TestName = "Exempt")]
    [TestCase("/context/unmarked", "k", TestName = "No policy")]
    [TestCase("/context/optional", null, TestName = "No key")]
    public async Task EveryMemberIsDefinedWithoutAClaim(string path, string? key)
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync(path, key), Is.EqualTo(
            $"200 {Nothing} Replay: holds no idempotency key Keep: holds no idempotency key "
            + "KeepFor: holds no idempotency key Discard: holds no idempotency key DeriveKey: holds no idempotency key"));
    }

    [Test]
    public async Task EveryMemberIsDefinedOnAFirstRequest()
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync("/context/optional", "\"a b\""), Does.Match(
            "^200 key=a b repeat=False response= matches= token=[0-9]* lost=False "
            + "Replay: This is the first request Keep: KeepFor: Discard: DeriveKey:$"));
    }

    [TestCase(0)]
    [TestCase(-1)]
    public async Task KeepForRefusesNoTime(int seconds)
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync($"/context/keep-for?seconds={seconds}", "k"), Does.StartWith("500 ").And.Contains("retention"));
    }

    [TestCase("/context/parameter", TestName = "Parameter of an API controller")]
    [TestCase("/plain-context/parameter", TestName = "Parameter of a plain controller")]
    [TestCase("/minimal-context", TestName = "Parameter of a Minimal API")]
    [TestCase("/context/service", TestName = "Constructor of a scoped service")]
    [TestCase("/early/service", TestName = "Constructor of a scoped service that a middleware made before")]
    public async Task ContextIsInjected(string path)
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync(path, "k"), Is.EqualTo("200 k"));
    }

    [Test]
    public async Task ContextIsNoPartOfTheDescription()
    {
        await using var app = await StartAsync();

        var described = app.Services.GetRequiredService<IApiDescriptionGroupCollectionProvider>().ApiDescriptionGroups.Items
            .SelectMany(group => group.Items)
            .Where(item => item.RelativePath!.EndsWith("parameter", StringComparison.Ordinal) || item.RelativePath == "minimal-context")
            .ToDictionary(item => item.RelativePath!, item => item.ParameterDescriptions.Count);

        Assert.That(described, Is.EquivalentTo(new Dictionary<string, int>
        {
            ["context/parameter"] = 0, ["plain-context/parameter"] = 0, ["minimal-context"] = 0,
        }));
    }

    private static Task<TestApp> StartAsync() => Answers.StartAsync(
        [typeof(ContextController), typeof(PlainContextController)],
        s => s.AddScoped<KeyReader>().AddEndpointsApiExplorer(),
        app =>
        {
            Answers.ShowErrors(app);
            app.Use((http, next) =>
            {
                if (http.Request.Path.StartsWithSegments("/early"))
                    http.RequestServices.GetRequiredService<KeyReader>();
                return next(http);
            });
            app.MapPost("/minimal-context", (IIdempotencyContext idempotency) => idempotency.Key).RequireIdempotency();
        });
}

public sealed class KeyReader(IIdempotencyContext idempotency)
{
    public string? Key => idempotency.Key;
}

[ApiController, Route("context")]
public sealed class ContextController : ControllerBase
{
    [HttpPost("exempt"), IdempotencyExempt]
    public string Exempt(IIdempotencyContext idempotency) => Describe(idempotency);

    [HttpPost("unmarked")]
    public string Unmarked(IIdempotencyContext idempotency) => Describe(idempotency);

    [HttpPost("optional"), Idempotent(KeyRequired = false)]
    public string Optional(IIdempotencyContext idempotency) => Describe(idempotency);

    [HttpPost("keep-for"), Idempotent]
    public void KeepFor(double seconds, IIdempotencyContext idempotency) => idempotency.KeepFor(TimeSpan.FromSeconds(seconds));

    [HttpPost("parameter"), Idempotent]
    public string? Parameter(IIdempotencyContext idempotency) => idempotency.Key;

    [HttpPost("service"), HttpPost("/early/service"), Idempotent]
    public string? Service([FromServices] KeyReader reader) => reader.Key;

    private static string Describe(IIdempotencyContext idempotency) =>
        $"key={idempotency.Key} repeat={idempotency.IsRepeat} response={idempotency.Response} matches={idempotency.RequestMatches} "
        + $"token={idempotency.FencingToken} lost={idempotency.LeaseLost.IsCancellationRequested}"
        + Refusal("Replay", () => idempotency.Replay()) + Refusal("Keep", idempotency.Keep)
        + Refusal("KeepFor", () => idempotency.KeepFor(TimeSpan.FromSeconds(1))) + Refusal("Discard", idempotency.Discard)
        + Refusal("DeriveKey", () => idempotency.DeriveKey("charge"));

    private static string Refusal(string member, Action call)
    {
        try
        {
            call();
            return $" {member}:";
        }
        catch (InvalidOperationException exception)
        {
            string[] reasons = ["holds no idempotency key", "This is the first request"];
            return $" {member}: {reasons.First(exception.Message.Contains)}";
        }
    }
}

[Route("plain-context"), ApiExplorerSettings(IgnoreApi = false)]
public sealed class PlainContextController : Controller
{
    [HttpPost("parameter"), Idempotent]
    public string? Parameter(IIdempotencyContext idempotency) => idempotency.Key;
}
