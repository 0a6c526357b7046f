using Idempotency.Filters.Hosting.Mvc;
using Idempotency.Filters.Tests.Policies;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Hosting.Mvc;

/// <summary>Opt-out mode: a global filter covers every action that is not exempt.</summary>
internal sealed class GlobalFilterTests
{
    public static readonly Dictionary<string, Action<IServiceCollection>> Forms = new()
    {
        ["Add<IdempotencyFilter>()"] = s => s.Configure<MvcOptions>(o => o.Filters.Add<IdempotencyFilter>()),
        ["AddService<IdempotencyFilter>()"] = s => s.Configure<MvcOptions>(o => o.Filters.AddService<IdempotencyFilter>()),
        ["Add(new IdempotentAttribute())"] = s => s.Configure<MvcOptions>(o => o.Filters.Add(new IdempotentAttribute())),
    };

    [TestCaseSource(nameof(FormNames))]
    public async Task GlobalFilterCoversUnmarkedActions(string form)
    {
        await using var app = await Answers.StartAsync([typeof(OptOutController)], Forms[form]);

        Assert.That(await app.AnswerAsync("/optout", null), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync("/optout", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/optout", "k"), Is.EqualTo("200 1 replayed"));
    }

    [TestCaseSource(nameof(FormNames))]
    public async Task ExemptActionsRunEveryTime(string form)
    {
        await using var app = await Answers.StartAsync([typeof(OptOutController)], Forms[form]);

        Assert.That(await app.AnswerAsync("/optout/exempt", null), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/optout/exempt", "k"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/optout/exempt", "k"), Is.EqualTo("200 3"));
    }

    [TestCaseSource(nameof(FormNames))]
    public async Task GlobalFilterAndAttributeRunTheActionOnce(string form)
    {
        await using var app = await Answers.StartAsync([typeof(OptOutController)], Forms[form]);

        Assert.That(await app.AnswerAsync("/optout/marked", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/optout/marked", "k"), Is.EqualTo("200 1 replayed"));
        Assert.That(FiltersOf(app, nameof(OptOutController.Marked)), Is.EqualTo(1));
    }

    [TestCaseSource(nameof(FormNames))]
    public async Task ActionsThatCanNeverBeCoveredLoseTheFilter(string form)
    {
        await using var app = await Answers.StartAsync([typeof(OptOutController)], Forms[form]);

        Assert.That(FiltersOf(app, nameof(OptOutController.Exempt)), Is.Zero);
        Assert.That(FiltersOf(app, nameof(OptOutController.Read)), Is.Zero);
        Assert.That(await app.AnswerAsync(HttpMethod.Get, "/optout", "k"), Is.EqualTo("200 1"));
    }

    [Test]
    public async Task GlobalAttributeNamesThePolicy()
    {
        await using var app = await Answers.StartAsync([typeof(OptOutController)], s =>
        {
            s.AddIdempotency().AddPolicy("p", o => o.StatusCodes.KeyMissing = 461);
            s.Configure<MvcOptions>(o => o.Filters.Add(new IdempotentAttribute("p")));
        });

        Assert.That(await app.AnswerAsync("/optout", null), Is.EqualTo("461 key-missing"));
        Assert.That(await app.AnswerAsync("/optout/marked", null), Is.EqualTo("400 key-missing"));
    }

    [Test]
    public async Task ExemptControllerIsExemptFromTheGlobalFilter()
    {
        await using var app = await Answers.StartAsync([typeof(ExemptClassController)], Forms["Add<IdempotencyFilter>()"]);

        Assert.That(await app.AnswerAsync("/exempt", null), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/exempt/marked", null), Is.EqualTo("400 key-missing"));
    }

    [Test]
    public async Task GlobalFilterIsMadeReusable()
    {
        await using var app = await Answers.StartAsync([typeof(OptOutController)], Forms["Add<IdempotencyFilter>()"]);

        var filter = (TypeFilterAttribute)Descriptors(app)
            .SelectMany(action => action.FilterDescriptors).First(f => ActionMarkers.IsGlobalFilter(f.Filter)).Filter;
        Assert.That(filter.IsReusable, Is.True);
    }

    private static string[] FormNames() => [.. Forms.Keys];

    private static int FiltersOf(TestApp app, string action) => Descriptors(app)
        .Single(descriptor => descriptor.RouteValues["action"] == action)
        .FilterDescriptors.Count(descriptor => ActionMarkers.IsIdempotencyFilter(descriptor.Filter));

    private static IReadOnlyList<Microsoft.AspNetCore.Mvc.Abstractions.ActionDescriptor> Descriptors(TestApp app) =>
        app.Services.GetRequiredService<IActionDescriptorCollectionProvider>().ActionDescriptors.Items;
}

[ApiController, Route("optout")]
public sealed class OptOutController(Runs runs) : ControllerBase
{
    [HttpPost]
    public int Plain() => runs.Next();

    [HttpGet]
    public int Read() => runs.Next();

    [HttpPost("exempt"), IdempotencyExempt]
    public int Exempt() => runs.Next();

    [HttpPost("marked"), Idempotent]
    public int Marked() => runs.Next();
}
