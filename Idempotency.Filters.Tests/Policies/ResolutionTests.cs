using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ActionConstraints;
using Microsoft.AspNetCore.Mvc.Controllers;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Policies;

/// <summary>Which marker applies to an action.</summary>
internal sealed class ResolutionTests
{
    [Test]
    public async Task AttributeOnActionCoversThatActionAlone()
    {
        await using var app = await Answers.StartAsync([typeof(MarkedActionController)]);

        Assert.That(await app.AnswerAsync("/marked/action", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/marked/action", "k"), Is.EqualTo("200 1 replayed"));
        Assert.That(await app.AnswerAsync("/marked/plain", "k"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/marked/plain", "k"), Is.EqualTo("200 3"));
        Assert.That(await app.AnswerAsync("/marked/plain", null), Is.EqualTo("200 4"));
    }

    [Test]
    public async Task AttributeOnControllerCoversEveryCoveredMethod()
    {
        await using var app = await Answers.StartAsync([typeof(MarkedClassController)]);

        Assert.That(await app.AnswerAsync("/class", null), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync("/class", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/class", "k"), Is.EqualTo("200 1 replayed"));
        Assert.That(await app.AnswerAsync(HttpMethod.Patch, "/class", null), Is.EqualTo("400 key-missing"));
    }

    [Test]
    public async Task AttributeOnControllerLetsGetThroughUntouched()
    {
        await using var app = await Answers.StartAsync([typeof(MarkedClassController)]);

        Assert.That(await app.AnswerAsync(HttpMethod.Get, "/class", null), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync(HttpMethod.Get, "/class", "k"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync(HttpMethod.Get, "/class", "k"), Is.EqualTo("200 3"));
    }

    [Test]
    public async Task MethodThatIsNotCoveredRunsEveryTime()
    {
        await using var app = await Answers.StartAsync([typeof(MarkedClassController)]);

        Assert.That(await app.AnswerAsync(HttpMethod.Delete, "/class", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync(HttpMethod.Delete, "/class", "k"), Is.EqualTo("200 2"));
    }

    [Test]
    public async Task ActionOfSeveralMethodsIsCoveredForTheCoveredOnes()
    {
        await using var app = await Answers.StartAsync([typeof(MarkedActionController)]);

        Assert.That(await app.AnswerAsync(HttpMethod.Get, "/marked/both", null), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/marked/both", null), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync("/marked/both", "k"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync(HttpMethod.Get, "/marked/both", "k"), Is.EqualTo("200 3"));
        Assert.That(await app.AnswerAsync("/marked/both", "k"), Is.EqualTo("200 2 replayed"));
    }

    [Test]
    public async Task ActionThatNamesNoMethodIsCoveredForTheCoveredOnes()
    {
        await using var app = await Answers.StartAsync([typeof(MarkedActionController)]);

        Assert.That(await app.AnswerAsync("/marked/any", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/marked/any", "k"), Is.EqualTo("200 1 replayed"));
        Assert.That(await app.AnswerAsync(HttpMethod.Get, "/marked/any", "k"), Is.EqualTo("200 2"));
    }

    [Test]
    public async Task ExemptActionOfAMarkedControllerRunsEveryTime()
    {
        await using var app = await Answers.StartAsync([typeof(MarkedClassController)]);

        Assert.That(await app.AnswerAsync("/class/exempt", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/class/exempt", "k"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/class/exempt", null), Is.EqualTo("200 3"));
    }

    [Test]
    public async Task MarkedActionOfAnExemptControllerIsCovered()
    {
        await using var app = await Answers.StartAsync([typeof(ExemptClassController)]);

        Assert.That(await app.AnswerAsync("/exempt/marked", null), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync("/exempt", null), Is.EqualTo("200 1"));
    }

    [TestCase("/levels", ExpectedResult = "462 key-missing")]
    [TestCase("/levels/action", ExpectedResult = "461 key-missing")]
    public async Task<string> NearestLevelWins(string path)
    {
        await using var app = await Answers.StartAsync([typeof(LevelsController)], Policies);

        return await app.AnswerAsync(path, null);
    }

    [TestCase("/things/inherited", ExpectedResult = "461 key-missing", TestName = "Inherited action keeps its base's marker")]
    [TestCase("/things/overridden", ExpectedResult = "461 key-missing", TestName = "Override without a marker keeps its base's")]
    [TestCase("/things/changed", ExpectedResult = "462 key-missing", TestName = "Override's marker goes over its base's")]
    [TestCase("/things/exempted", ExpectedResult = "200 1", TestName = "Override's exemption goes over its base's marker")]
    [TestCase("/things/still-exempt", ExpectedResult = "200 1", TestName = "Override without a marker keeps its base's exemption")]
    [TestCase("/things/manual", ExpectedResult = "461 key-missing", TestName = "Override's manual mode goes over its base's marker")]
    [TestCase("/things/unmarked", ExpectedResult = "463 key-missing", TestName = "Derived class's marker goes over its base class's")]
    public async Task<string> MostDerivedWins(string path)
    {
        await using var app = await Answers.StartAsync([typeof(ThingsController)], Policies);

        return await app.AnswerAsync(path, null);
    }

    [Test]
    public async Task DerivedClassKeepsItsBaseClassesExemption()
    {
        await using var app = await Answers.StartAsync(
            [typeof(StillExemptController)], s => s.Configure<MvcOptions>(o => o.Filters.Add<IdempotencyFilter>()));

        Assert.That(await app.AnswerAsync("/still-exempt", null), Is.EqualTo("200 1"));
    }

    [Test]
    public async Task OverrideInManualModeIsManual()
    {
        await using var app = await Answers.StartAsync([typeof(ThingsController)], Policies);

        Assert.That(await app.AnswerAsync("/things/manual", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/things/manual", "k"), Is.EqualTo("200 2"));
    }

    [Test]
    public async Task ClosedGenericControllersAreCoveredEach()
    {
        await using var app = await Answers.StartAsync([typeof(GenericController<int>), typeof(GenericController<string>)]);

        Assert.That(await app.AnswerAsync("/generic/Int32", "k1"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/generic/Int32", "k1"), Is.EqualTo("200 1 replayed"));
        Assert.That(await app.AnswerAsync("/generic/String", "k1"), Is.EqualTo("422 key-reused"));
    }

    [Test]
    public async Task AreaActionsAreCovered()
    {
        await using var app = await Answers.StartAsync([typeof(AreaPaymentsController)]);

        Assert.That(await app.AnswerAsync("/admin/areapayments/pay", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/admin/areapayments/pay", "k"), Is.EqualTo("200 1 replayed"));
    }

    [TestCase("/wrapped/type")]
    [TestCase("/wrapped/service")]
    public async Task FilterAppliedByMvcsOwnAttributesCovers(string path)
    {
        await using var app = await Answers.StartAsync([typeof(WrappedFilterController)], s => s.AddSingleton<IdempotencyFilter>());

        Assert.That(await app.AnswerAsync(path, null), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync(path, "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync(path, "k"), Is.EqualTo("200 1 replayed"));
        Assert.That(await app.AnswerAsync("/wrapped", "k"), Is.EqualTo("200 2"));
    }

    [Test]
    public async Task ConventionallyRoutedActionsAreCovered()
    {
        await using var app = await Answers.StartAsync(
            [typeof(ConventionalController)], null, app => app.MapControllerRoute("default", "{controller}/{action}"));

        Assert.That(await app.AnswerAsync("/conventional/pay", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/conventional/pay", "k"), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task ControllerWithoutApiControllerIsCoveredAndRejectsWithProblemDetails()
    {
        await using var app = await Answers.StartAsync([typeof(MarkedActionController)]);

        Assert.That(await app.AnswerAsync("/marked/action", null), Is.EqualTo("400 key-missing"));
        Assert.That(app.Runs(), Is.Zero);
    }

    [Test]
    public async Task ControllerWithApiControllerIsCoveredAndRejectsWithProblemDetails()
    {
        await using var app = await Answers.StartAsync([typeof(MarkedClassController)]);

        Assert.That(await app.AnswerAsync("/class", null), Is.EqualTo("400 key-missing"));
        Assert.That(app.Runs(), Is.Zero);
    }

    private static void Policies(IServiceCollection services) => services.AddIdempotency()
        .AddPolicy("near", o => o.StatusCodes.KeyMissing = 461)
        .AddPolicy("far", o => o.StatusCodes.KeyMissing = 462)
        .AddPolicy("class", o => o.StatusCodes.KeyMissing = 463);
}

[Route("marked")]
public sealed class MarkedActionController(Runs runs) : Controller
{
    [HttpPost("action"), Idempotent]
    public int Action() => runs.Next();

    [HttpPost("plain")]
    public int Plain() => runs.Next();

    [HttpGet("both"), HttpPost("both"), Idempotent]
    public int Both() => runs.Next();

    [Route("any"), Idempotent]
    public int Any() => runs.Next();
}

[ApiController, Route("class"), Idempotent]
public sealed class MarkedClassController(Runs runs) : ControllerBase
{
    [HttpPost, HttpPatch]
    public int Change() => runs.Next();

    [HttpGet, HttpDelete]
    public int Other() => runs.Next();

    [HttpPost("exempt"), IdempotencyExempt]
    public int Exempt() => runs.Next();
}

[ApiController, Route("exempt"), IdempotencyExempt]
public sealed class ExemptClassController(Runs runs) : ControllerBase
{
    [HttpPost]
    public int Plain() => runs.Next();

    [HttpPost("marked"), Idempotent]
    public int Marked() => runs.Next();
}

[ApiController, Route("levels"), Idempotent("far")]
public sealed class LevelsController(Runs runs) : ControllerBase
{
    [HttpPost]
    public int Plain() => runs.Next();

    [HttpPost("action"), Idempotent("near")]
    public int Action() => runs.Next();
}

[ApiController, Idempotent("far")]
public abstract class ThingsBase<T>(Runs runs) : ControllerBase
{
    [HttpPost("inherited"), Idempotent("near")]
    public int Inherited() => runs.Next();

    [HttpPost("overridden"), Idempotent("near")]
    public virtual int Overridden() => 0;

    [HttpPost("changed"), Idempotent("near")]
    public virtual int Changed() => 0;

    [HttpPost("exempted"), Idempotent("near")]
    public virtual int Exempted() => 0;

    [HttpPost("still-exempt"), IdempotencyExempt]
    public virtual int StillExempt() => 0;

    [HttpPost("manual"), Idempotent("far")]
    public virtual int Manual() => 0;

    [HttpPost("unmarked")]
    public int Unmarked() => runs.Next();
}

[Route("things"), Idempotent("class")]
public sealed class ThingsController(Runs runs) : ThingsBase<string>(runs)
{
    private readonly Runs _runs = runs;

    public override int Overridden() => _runs.Next();

    [Idempotent("far")]
    public override int Changed() => _runs.Next();

    [IdempotencyExempt]
    public override int Exempted() => _runs.Next();

    public override int StillExempt() => _runs.Next();

    [IdempotencyManual("near")]
    public override int Manual() => _runs.Next();
}

[ApiController]
public sealed class GenericController<T>(Runs runs) : ControllerBase
{
    [HttpPost("/generic/{type}"), Idempotent, MatchesTypeArgument]
    public int Post(string type) => runs.Next() + (type.Length * 0);
}

/// <summary>All closed types share a route; the segment distinguishes them.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MatchesTypeArgumentAttribute : Attribute, IActionConstraint
{
    public int Order => 0;

    public bool Accept(ActionConstraintContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var action = (ControllerActionDescriptor)context.CurrentCandidate.Action;
        return action.ControllerTypeInfo.GenericTypeArguments[0].Name == (string?)context.RouteContext.RouteData.Values["type"];
    }
}

[Area("admin"), Route("[area]/[controller]")]
public sealed class AreaPaymentsController(Runs runs) : Controller
{
    [HttpPost("pay"), Idempotent]
    public int Pay() => runs.Next();
}

[Route("wrapped")]
public sealed class WrappedFilterController(Runs runs) : Controller
{
    [HttpPost]
    public int Plain() => runs.Next();

    [HttpPost("type"), TypeFilter<IdempotencyFilter>]
    public int ByType() => runs.Next();

    [HttpPost("service"), ServiceFilter<IdempotencyFilter>]
    public int ByService() => runs.Next();
}

public sealed class ConventionalController(Runs runs) : Controller
{
    [Idempotent]
    public int Pay() => runs.Next();
}

[IdempotencyExempt]
public abstract class ExemptBase : ControllerBase;

[Route("still-exempt")]
public sealed class StillExemptController(Runs runs) : ExemptBase
{
    [HttpPost]
    public int Post() => runs.Next();
}
