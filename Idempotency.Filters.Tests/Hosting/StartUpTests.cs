using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Moq;

namespace Idempotency.Filters.Tests.Hosting;

/// <summary>What fails the start. The message names the option or action and says what to change.</summary>
internal sealed class StartUpTests
{
    [TestCase(typeof(UnknownPolicyController), "UnknownPolicyController.Post", "'nowhere'", "AddPolicy(\"nowhere\"",
        TestName = "Unknown policy of an attribute")]
    [TestCase(typeof(TwoOnActionController), "TwoOnActionController.Post", "[Idempotent]", "[IdempotencyExempt]", "remove one",
        TestName = "Two markers on one action")]
    [TestCase(typeof(ReplayAndManualController), "ReplayAndManualController.Post", "[Idempotent]", "[IdempotencyManual]",
        TestName = "Replay and manual on one action")]
    [TestCase(typeof(TwoOnClassController), "TwoOnClassController", "[Idempotent]", "[IdempotencyExempt]", "remove one",
        TestName = "Two markers on one class")]
    [TestCase(typeof(GetOnlyController), "GetOnlyController.Get", "answers only GET, which is safe", "never covered: remove the marker.",
        TestName = "Marker on a GET action")]
    [TestCase(typeof(PutOnlyController), "PutOnlyController.Put", "POST, PATCH", "Methods = [\"POST\", \"PATCH\", \"PUT\"]",
        TestName = "Marker on an action of a method that is not covered")]
    [TestCase(typeof(NonActionController), "NonActionController.Helper", "is not an action", "remove it",
        TestName = "Marker on a non-action")]
    [TestCase(typeof(PrivateController), "PrivateController.Hidden", "is not an action", "remove it",
        TestName = "Marker on a private method")]
    [TestCase(typeof(PrivateInBaseController), "PrivateInBase.Hidden", "is not an action", "remove it",
        TestName = "Marker on a private method of a base class")]
    [TestCase(typeof(StaticController), "StaticController.Shared", "is not an action", "remove it", TestName = "Marker on a static method")]
    [TestCase(typeof(NegativeRetentionController), "NegativeRetentionController.Post", "Retention is -00:00:01", "more than zero",
        TestName = "Negative seconds")]
    [TestCase(typeof(NotANumberController), "NotANumberController.Post", "RetentionSeconds", TestName = "Seconds that are not a number")]
    [TestCase(typeof(SafeMethodController), "SafeMethodController.Post", "'get'", "remove it", TestName = "Safe method in an attribute")]
    [TestCase(typeof(LongLeaseController), "LongLeaseController.Post", "Lease (1.00:00:00) is longer than Retention (00:00:05)",
        TestName = "Lease of an attribute longer than its retention")]
    public async Task MarkerThatCannotWorkFailsTheStart(Type controller, params string[] words) =>
        await AssertFailsAsync(() => Answers.StartAsync([controller]), words);

    [Test]
    public Task InvalidOptionFailsTheStart() => AssertFailsAsync(
        () => Answers.StartAsync([], s => s.AddIdempotency(o => o.MaxKeyLength = 0)), "MaxKeyLength is 0", "from 1 to 8192");

    [Test]
    public Task LeaseLongerThanRetentionFailsTheStart() => AssertFailsAsync(
        () => Answers.StartAsync([], s => s.AddIdempotency(o => o.Retention = TimeSpan.FromSeconds(2))),
        "Lease (00:00:30) is longer than Retention (00:00:02)", "shorten Lease or lengthen Retention");

    [Test]
    public Task LeaseOfAnAttributeThatACallOfTheStoreMayOutlastFailsTheStart()
    {
        var store = new Mock<IIdempotencyStore>();
        store.Setup(s => s.OperationTimeout).Returns(TimeSpan.FromSeconds(2));
        return AssertFailsAsync(
            () => Answers.StartAsync([typeof(ShortLeaseController)], s => s.AddIdempotency().UseStore((_, _) => store.Object)),
            "ShortLeaseController.Post", "Lease is 00:00:02", "OperationTimeout of 00:00:02", "Lengthen Lease or shorten OperationTimeout");
    }

    [Test]
    public Task InvalidPolicyFailsTheStartThoughNobodyUsesIt() => AssertFailsAsync(
        () => Answers.StartAsync([], s => s.AddIdempotency().AddPolicy("p", o => o.MaxKeyLength = 0)), "Policy 'p'", "MaxKeyLength is 0");

    [Test]
    public async Task ApplicationThatCoversNothingIsWarned()
    {
        await using var nothing = await Answers.StartAsync([]);
        await using var something = await Answers.StartAsync([typeof(PlainStartController)]);

        Assert.That(nothing.Logs.Lines.Count(line => line.Id.Id == 19 && line.Message.Contains("[Idempotent]")), Is.EqualTo(1));
        Assert.That(something.Logs.Lines.Count(line => line.Id.Id == 19), Is.Zero);
    }

    [Test]
    public async Task QuotaCountsTheCallerWhateverKeyScopeAdds()
    {
        await using var app = await Answers.StartAsync([typeof(PlainStartController)], s => s
            .AddIdempotency(o => o.KeyScope = http => http.Request.Headers["X-Tenant"])
            .UseMemory(o => o.MaxKeysPerCaller = 2));

        string?[] answers =
        [
            await app.AnswerAsync("/plain-start", "a", null, "X-Tenant: 1"),
            await app.AnswerAsync("/plain-start", "a", null, "X-Tenant: 2"),
            await app.AnswerAsync("/plain-start", "a", null, "X-Tenant: 3"),
        ];

        Assert.That(answers.Select(answer => answer![..3]), Is.EqualTo(["200", "200", "429"]));
    }

    [Test]
    public void TwoStoresInOneBuilderAreRefused() => Assert.That(
        () => new ServiceCollection().AddIdempotency().UseDistributedCache().UseMemory(),
        Throws.InvalidOperationException.With.Message.Contains("the default store").And.Message.Contains("Remove one"));

    [Test]
    public void TwoStoresUnderOneNameAreRefused() => Assert.That(
        () => new ServiceCollection().AddIdempotency().AddStore("eu", store => store.UseMemory().UseDistributedCache()),
        Throws.InvalidOperationException.With.Message.Contains("the store 'eu'"));

    [Test]
    public Task UnknownStoreOfAPolicyFailsTheStart() => AssertFailsAsync(
        () => Answers.StartAsync([], s => s.AddIdempotency().AddPolicy("p", o => o.StoreName = "eu")),
        "Policy 'p'", "StoreName 'eu'", "AddStore(\"eu\"");

    [Test]
    public Task UnknownStoreOfTheDefaultsFailsTheStartWhenAnEndpointUsesThem() => AssertFailsAsync(
        () => Answers.StartAsync([typeof(PlainStartController)], s => s.AddIdempotency(o => o.StoreName = "eu")),
        "PlainStartController.Post", "StoreName 'eu'", "AddStore(\"eu\"");

    [Test]
    public Task UnknownPolicyOfAnEndpointFailsTheStart() => AssertFailsAsync(
        () => Answers.StartAsync(
            app => app.MapPost("/tips", () => 1).RequireIdempotency("nowhere"), s => s.AddIdempotency().AddPolicy("checkout", _ => { })),
        "/tips", "'nowhere'", "AddPolicy(\"nowhere\"", "'checkout'");

    [Test]
    public Task UnknownPolicyOfTheGlobalFilterFailsTheStart() => AssertFailsAsync(
        () => Answers.StartAsync(
            [typeof(PlainStartController)], s => s.Configure<MvcOptions>(o => o.Filters.Add(new IdempotentAttribute("nowhere")))),
        "PlainStartController.Unmarked", "'nowhere'");

    [Test]
    public Task AttributeOnALambdaWithoutTheCallFailsTheStart() => AssertFailsAsync(
        () => Answers.StartAsync(app => app.MapPost("/tips", [Idempotent] () => 1)), "/tips", "[Idempotent]", ".RequireIdempotency()");

    [Test]
    public Task ManualOnALambdaWithoutTheCallFailsTheStart() => AssertFailsAsync(
        () => Answers.StartAsync(app => app.MapPost("/tips", [IdempotencyManual] () => 1)),
        "/tips", "[IdempotencyManual]", ".RequireIdempotency()");

    [Test]
    public Task TwoMarkersOnALambdaFailTheStart() => AssertFailsAsync(
        () => Answers.StartAsync(app => app.MapPost("/tips", [Idempotent, IdempotencyExempt] () => 1).RequireIdempotency()),
        "/tips", "[Idempotent]", "[IdempotencyExempt]");

    [Test]
    public Task CallOnAnEndpointOfAMethodThatIsNotCoveredFailsTheStart() => AssertFailsAsync(
        () => Answers.StartAsync(app => app.MapPut("/tips", () => 1).RequireIdempotency()), "/tips", "POST, PATCH", "Methods");

    [Test]
    public Task CallOnAnEndpointOfASafeMethodAdvisesNothingThatIsRefused() => AssertFailsAsync(
        () => Answers.StartAsync(app => app.MapGet("/tips", () => 1).RequireIdempotency()),
        "/tips is marked as idempotent, but answers only GET, which is safe to repeat and never covered: remove the marker.");

    [Test]
    public Task AttributeOnALambdaOfAMethodThatIsNotCoveredFailsTheStart() => AssertFailsAsync(
        () => Answers.StartAsync(app => app.MapGroup("/g").RequireIdempotency().MapPut("/tips", [Idempotent] () => 1)),
        "/g/tips", "POST, PATCH");

    [Test]
    public Task CallOnControllersFailsTheStart() => AssertFailsAsync(
        () => TestApp.StartAsync([typeof(PlainStartController)], null, app => app.MapControllers().RequireIdempotency()),
        "PlainStartController", "MVC action", "Filters.Add<IdempotencyFilter>()");

    [Test]
    public Task CallOnAGroupOfControllersFailsTheStart() => AssertFailsAsync(
        () => TestApp.StartAsync([typeof(PlainStartController)], null, app => app.MapGroup("/g").RequireIdempotency().MapControllers()),
        "PlainStartController", "MVC action", "Filters.Add<IdempotencyFilter>()");

    [Test]
    public void StoreThatIsNotChosenFailsAtOnce() => Assert.That(
        () => new ServiceCollection().AddIdempotency().AddStore("eu", _ => { }),
        Throws.InvalidOperationException.With.Message.Contains("AddStore(\"eu\"").And.Message.Contains("UseMemory()"));

    [TestCase(0, 65536, null, "MaxEntries must be 1 or more")]
    [TestCase(1, 65535, null, "MaxBytes must be 65,536 or more")]
    [TestCase(1, 65536, 0, "MaxKeysPerCaller must be 1 or more")]
    public Task InvalidMemoryBoundFailsTheStart(int entries, long bytes, int? perCaller, string words) => AssertFailsAsync(
        () => Answers.StartAsync([], s => s.AddIdempotency().UseMemory(Bounds(entries, bytes, perCaller))), words);

    [Test]
    public void InvalidMemoryBoundIsToldOnce()
    {
        using var services = new ServiceCollection().AddIdempotency().UseMemory(Bounds(0, 65536, null)).Services.BuildServiceProvider();

        Assert.That(
            () => services.GetRequiredService<IOptions<MemoryStoreOptions>>().Value,
            Throws.TypeOf<OptionsValidationException>()
                .With.Property("Failures").EqualTo((string[])["MaxEntries must be 1 or more; it is 0."]));
    }

    [Test]
    public Task InvalidMemoryBoundOfANamedStoreFailsTheStart() => AssertFailsAsync(
        () => Answers.StartAsync([], s => s.AddIdempotency().AddStore("eu", store => store.UseMemory(Bounds(0, 65536, null)))),
        "MaxEntries");

    [Test]
    public async Task SmallestMemoryBoundsAreAccepted()
    {
        await using var app = await Answers.StartAsync(
            [typeof(PlainStartController)], s => s.AddIdempotency().UseMemory(Bounds(1, 65536, 1)));

        Assert.That(await app.AnswerAsync("/plain-start", "k1"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/plain-start", "k2"), Is.EqualTo("429 too-many-keys"));
    }

    [Test]
    public async Task ContainerFindsNothingWrongWithTheServices()
    {
        await using var app = await TestApp.StartAsync(
            [typeof(PlainStartController)],
            s => s.AddSingleton<Runs>().AddIdempotency(),
            null,
            builder => builder.Host.UseDefaultServiceProvider(
                provider => (provider.ValidateScopes, provider.ValidateOnBuild) = (true, true)));

        Assert.That(await app.AnswerAsync("/plain-start", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/plain-start", "k"), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task ApplicationWithoutMvcWorks()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Host.UseDefaultServiceProvider(provider => (provider.ValidateScopes, provider.ValidateOnBuild) = (true, true));
        builder.Services.AddIdempotency();
        await using var app = builder.Build();
        var runs = 0;
        app.MapPost("/tips", () => $"{++runs}").RequireIdempotency();
        await app.StartAsync();

        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        client.DefaultRequestHeaders.Add("Idempotency-Key", "k");
        using var first = await client.PostAsync("/tips", null);
        using var retry = await client.PostAsync("/tips", null);

        Assert.That(retry.Headers.Contains("Idempotent-Replayed"), Is.True);
        Assert.That((await retry.Content.ReadAsStringAsync(), runs), Is.EqualTo(("1", 1)));
    }

    [Test]
    public void NullArgumentsAreRefused()
    {
        var builder = new ServiceCollection().AddIdempotency();

        Assert.That(() => IdempotencyServiceCollectionExtensions.AddIdempotency(null!), Throws.ArgumentNullException);
        Assert.That(() => builder.AddPolicy("", _ => { }), Throws.ArgumentException);
        Assert.That(() => builder.AddPolicy("p", null!), Throws.ArgumentNullException);
        Assert.That(() => builder.AddStore("", _ => { }), Throws.ArgumentException);
        Assert.That(() => builder.AddStore("eu", null!), Throws.ArgumentNullException);
        Assert.That(() => builder.UseStore(null!), Throws.ArgumentNullException);
        Assert.That(() => ((IEndpointConventionBuilder)null!).RequireIdempotency(), Throws.ArgumentNullException);
    }

    private static Action<Filters.Stores.MemoryStoreOptions> Bounds(int entries, long bytes, int? perCaller) => o =>
        (o.MaxEntries, o.MaxBytes, o.MaxKeysPerCaller) = (entries, bytes, perCaller);

    private static async Task AssertFailsAsync(Func<Task<TestApp>> start, params string[] words)
    {
        string? message = null;
        try
        {
            await using var app = await start();
        }
        catch (Exception exception) when (exception is InvalidOperationException or OptionsValidationException)
        {
            message = exception.Message;
        }

        Assert.That(message, Is.Not.Null, "The application started.");
        Assert.Multiple(() =>
        {
            foreach (var word in words)
                Assert.That(message, Does.Contain(word));
        });
    }
}

[ApiController, Route("plain-start")]
public sealed class PlainStartController(Runs runs) : ControllerBase
{
    [HttpPost, Idempotent]
    public int Post() => runs.Next();

    [HttpPost("unmarked")]
    public int Unmarked() => runs.Next();
}

[ApiController]
public sealed class UnknownPolicyController : ControllerBase
{
    [HttpPost("/x"), Idempotent("nowhere")]
    public void Post()
    {
    }
}

[ApiController]
public sealed class TwoOnActionController : ControllerBase
{
    [HttpPost("/x"), Idempotent, IdempotencyExempt]
    public void Post()
    {
    }
}

[ApiController]
public sealed class ReplayAndManualController : ControllerBase
{
    [HttpPost("/x"), Idempotent, IdempotencyManual]
    public void Post()
    {
    }
}

[ApiController, Idempotent, IdempotencyExempt]
public sealed class TwoOnClassController : ControllerBase
{
    [HttpPost("/x")]
    public void Post()
    {
    }
}

[ApiController]
public sealed class GetOnlyController : ControllerBase
{
    [HttpGet("/x"), Idempotent]
    public void Get()
    {
    }
}

[ApiController]
public sealed class PutOnlyController : ControllerBase
{
    [HttpPut("/x"), Idempotent]
    public void Put()
    {
    }
}

[ApiController]
public sealed class NonActionController : ControllerBase
{
    [HttpPost("/x")]
    public void Post()
    {
    }

    [NonAction, Idempotent]
    public void Helper()
    {
    }
}

[ApiController]
public sealed class PrivateController : ControllerBase
{
    [HttpPost("/x")]
    public void Post() => Hidden();

    [Idempotent]
    private void Hidden()
    {
    }
}

public abstract class PrivateInBase : ControllerBase
{
    [HttpPost("/x")]
    public void Post() => Hidden();

    [Idempotent]
    private void Hidden()
    {
    }
}

[ApiController]
public sealed class PrivateInBaseController : PrivateInBase;

[ApiController]
public sealed class StaticController : ControllerBase
{
    [HttpPost("/x")]
    public void Post()
    {
    }

    [Idempotent]
    public static void Shared()
    {
    }
}

[ApiController]
public sealed class NegativeRetentionController : ControllerBase
{
    [HttpPost("/x"), Idempotent(RetentionSeconds = -1)]
    public void Post()
    {
    }
}

[ApiController]
public sealed class NotANumberController : ControllerBase
{
    [HttpPost("/x"), Idempotent(RetentionSeconds = double.NaN)]
    public void Post()
    {
    }
}

[ApiController]
public sealed class SafeMethodController : ControllerBase
{
    [HttpPost("/x"), Idempotent(Methods = ["POST", "get"])]
    public void Post()
    {
    }
}

[ApiController]
public sealed class ShortLeaseController : ControllerBase
{
    [HttpPost("/x"), Idempotent(LeaseSeconds = 2)]
    public void Post()
    {
    }
}

public sealed class LongLeaseController : ControllerBase
{
    [HttpPost("/x"), Idempotent(RetentionSeconds = 5, LeaseSeconds = 86400)]
    public void Post()
    {
    }
}
