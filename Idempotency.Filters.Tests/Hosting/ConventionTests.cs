using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ActionConstraints;
using Microsoft.AspNetCore.Mvc.ApplicationModels;
using Microsoft.AspNetCore.Mvc.Formatters;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Tests.Hosting;

/// <summary>Policies that conventions apply, and other things that applications do to their endpoints.</summary>
internal sealed class ConventionTests
{
    [TestCase("/admin/near", "461 key-missing", TestName = "An area has its own policy")]
    [TestCase("/admin/generic", "461 key-missing", TestName = "A generic, inherited controller has its area's policy")]
    [TestCase("/shop/far", "462 key-missing", TestName = "Another area has another")]
    [TestCase("/shop/action", "461 key-missing", TestName = "An action's marker goes over its area's policy")]
    [TestCase("/shop/exempt", "200 1", TestName = "An exemption goes over its area's policy")]
    [TestCase("/shop/class", "463 key-missing", TestName = "A controller's marker goes over its area's policy")]
    [TestCase("/none", "200 1", TestName = "A controller outside is not covered")]
    public async Task PolicyOfAnArea(string path, string expected)
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync(path, null), Is.EqualTo(expected));
    }

    [TestCase("/admin/near", "461 key-missing", TestName = "Under the global filter an area keeps its policy")]
    [TestCase("/shop/exempt", "200 1", TestName = "Under the global filter an exemption in an area counts")]
    [TestCase("/none", "400 key-missing", TestName = "Under the global filter the rest is covered")]
    public async Task PolicyOfAnAreaUnderTheGlobalFilter(string path, string expected)
    {
        await using var app = await StartAsync(s => s.Configure<MvcOptions>(o => o.Filters.Add<IdempotencyFilter>()));

        Assert.That(await app.AnswerAsync(path, null), Is.EqualTo(expected));
    }

    [Test]
    public async Task ActionOfAnAreaRunsOnce()
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync("/admin/near", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/admin/near", "k"), Is.EqualTo("200 1 replayed"));
        Assert.That(await app.AnswerAsync("/shop/far", "k2"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/shop/far", "k2"), Is.EqualTo("200 2 replayed"));
    }

    [Test]
    public void UnknownPolicyOfAnAreaFailsTheStart() => Assert.That(
        async () =>
        {
            await using var app = await Answers.StartAsync(
                [typeof(AdminNearController)], s => s.Configure<MvcOptions>(o => o.Conventions.Add(new AreaPolicy("admin", "unknown"))));
        },
        Throws.InvalidOperationException.With.Message.Contains("'unknown'"));

    [Test]
    public async Task EveryCoveredEndpointIsListedAtStartWithItsPolicy()
    {
        await using var app = await StartAsync(
            s => s.AddPages("Marked", "Plain", "Exempt").Configure<RazorPagesOptions>(o => o.Conventions.AddPageApplicationModelConvention(
                "/Plain", page => page.Filters.Add(new IdempotentAttribute("near")))),
            app =>
            {
                app.MapRazorPages();
                app.MapPost("/tips", (Runs runs) => runs.Next()).RequireIdempotency("far");
                app.MapPost("/free", (Runs runs) => runs.Next());
            });

        var lines = app.Logs.Lines.Where(
            line => line.Id.Id == 17 && line.Category.StartsWith("Idempotency.", StringComparison.Ordinal)).ToList();
        Assert.That(lines.Select(line => line.Level), Is.All.EqualTo(LogLevel.Debug));
        string[] expected =
        [
            "AdminNearController.Post*near", "AdminGenericController*near", "ShopFarController.Post*far", "ShopMixedController.Action*near",
            "ShopClassController.Post*class", "/Marked*default", "/Plain*near", "/tips*far",
        ];
        foreach (var parts in expected.Select(line => line.Split('*')))
        {
            Assert.That(
                lines,
                Has.One.Matches<LogLine>(line => line.Message.Contains(parts[0]) && line.Message.Contains($"policy {parts[1]} ")),
                parts[0]);
        }
        Assert.That(lines, Has.Count.EqualTo(expected.Length), string.Join('\n', lines.Select(line => line.Message)));
    }

    [Test]
    public async Task VersionsByHeaderHaveTheirOwnMarkers()
    {
        await using var app = await Answers.StartAsync([typeof(VersionedController)], Policies);

        Assert.That(await app.AnswerAsync("/versioned", null, null, "X-Version: 1"), Is.EqualTo("461 key-missing"));
        Assert.That(await app.AnswerAsync("/versioned", null, null, "X-Version: 2"), Is.EqualTo("462 key-missing"));
        Assert.That(await app.AnswerAsync("/versioned", null, null, "X-Version: 3"), Is.EqualTo("200 1"));
    }

    [Test]
    public async Task VersionsByHeaderShareAKeyUnlessItsScopeTellsThemApart()
    {
        await using var shared = await Answers.StartAsync([typeof(VersionedController)], Policies);
        await using var apart = await Answers.StartAsync(
            [typeof(VersionedController)],
            s =>
            {
                Policies(s);
                s.AddIdempotency(o => o.KeyScope = http => http.Request.Headers["X-Version"]);
            });

        Assert.That(await shared.AnswerAsync("/versioned", "k", null, "X-Version: 1"), Is.EqualTo("200 1"));
        Assert.That(await shared.AnswerAsync("/versioned", "k", null, "X-Version: 2"), Is.EqualTo("200 1 replayed"));
        Assert.That(await apart.AnswerAsync("/versioned", "k", null, "X-Version: 1"), Is.EqualTo("200 1"));
        Assert.That(await apart.AnswerAsync("/versioned", "k", null, "X-Version: 2"), Is.EqualTo("200 2"));
    }

    [Test]
    public async Task CustomFormattersReadAndWriteAsWithoutTheFilter()
    {
        await using var app = await Answers.StartAsync([typeof(FormattedController)], s => s.Configure<MvcOptions>(o =>
        {
            o.InputFormatters.Insert(0, new CsvInput());
            o.OutputFormatters.Insert(0, new CsvOutput());
        }));
        Task<HttpResponseMessage> Post(string csv) => app.PostAsync("/formatted", "k", new StringContent(csv, null, "text/csv"));

        using var first = await Post("1;2");
        using var replay = await Post("1;2");
        using var other = await Post("1;3");

        Assert.That(await first.TextAsync(), Is.EqualTo("1;1;2"));
        Assert.That(await replay.TextAsync(), Is.EqualTo("1;1;2"));
        Assert.That((replay.IsReplay(), replay.Content.Headers.ContentType), Is.EqualTo((true, first.Content.Headers.ContentType)));
        Assert.That(first.Content.Headers.ContentType?.MediaType, Is.EqualTo("text/csv"));
        await other.IsProblemAsync(422, "key-reused");
    }

    private static Task<TestApp> StartAsync(
        Action<IServiceCollection>? services = null, Action<WebApplication>? pipeline = null) => Answers.StartAsync(
        [
            typeof(AdminNearController), typeof(AdminGenericController), typeof(ShopFarController), typeof(ShopMixedController),
            typeof(ShopClassController), typeof(OutsideController),
        ],
        s =>
        {
            Policies(s);
            s.Configure<MvcOptions>(o =>
            {
                o.Conventions.Add(new AreaPolicy("admin", "near"));
                o.Conventions.Add(new AreaPolicy("shop", "far"));
            });
            services?.Invoke(s);
        },
        pipeline);

    private static void Policies(IServiceCollection services) => services.AddIdempotency()
        .AddPolicy("near", o => o.StatusCodes.KeyMissing = 461)
        .AddPolicy("far", o => o.StatusCodes.KeyMissing = 462)
        .AddPolicy("class", o => o.StatusCodes.KeyMissing = 463);

    private sealed class AreaPolicy(string area, string policy) : IControllerModelConvention
    {
        public void Apply(ControllerModel controller)
        {
            if (controller.RouteValues.TryGetValue("area", out var name) && name == area)
                controller.Filters.Add(new IdempotentAttribute(policy));
        }
    }

    private sealed class CsvInput : TextInputFormatter
    {
        public CsvInput()
        {
            SupportedMediaTypes.Add("text/csv");
            SupportedEncodings.Add(Encoding.UTF8);
        }

        public override async Task<InputFormatterResult> ReadRequestBodyAsync(InputFormatterContext context, Encoding encoding)
        {
            using var reader = context.ReaderFactory(context.HttpContext.Request.Body, encoding);
            var numbers = (await reader.ReadToEndAsync()).Split(';').Select(number => int.Parse(number, CultureInfo.InvariantCulture));
            return await InputFormatterResult.SuccessAsync(numbers.ToArray());
        }
    }

    private sealed class CsvOutput : TextOutputFormatter
    {
        public CsvOutput()
        {
            SupportedMediaTypes.Add("text/csv");
            SupportedEncodings.Add(Encoding.UTF8);
        }

        public override Task WriteResponseBodyAsync(OutputFormatterWriteContext context, Encoding selectedEncoding) =>
            context.HttpContext.Response.WriteAsync(string.Join(';', (int[])context.Object!), selectedEncoding);

        protected override bool CanWriteType(Type? type) => type == typeof(int[]);
    }
}

[Area("admin"), Route("[area]/near")]
public sealed class AdminNearController(Runs runs) : ControllerBase
{
    [HttpPost]
    public int Post() => runs.Next();
}

public abstract class CrudBase<T>(Runs runs) : ControllerBase
{
    [HttpPost]
    public int Create() => runs.Next() + (typeof(T).Name.Length * 0);
}

[Area("admin"), Route("[area]/generic")]
public sealed class AdminGenericController(Runs runs) : CrudBase<string>(runs);

[Area("shop"), Route("[area]/far")]
public sealed class ShopFarController(Runs runs) : ControllerBase
{
    [HttpPost]
    public int Post() => runs.Next();
}

[Area("shop"), Route("[area]")]
public sealed class ShopMixedController(Runs runs) : ControllerBase
{
    [HttpPost("action"), Idempotent("near")]
    public int Action() => runs.Next();

    [HttpPost("exempt"), IdempotencyExempt]
    public int Exempt() => runs.Next();
}

[Area("shop"), Route("[area]/class"), Idempotent("class")]
public sealed class ShopClassController(Runs runs) : ControllerBase
{
    [HttpPost]
    public int Post() => runs.Next();
}

[Route("none")]
public sealed class OutsideController(Runs runs) : ControllerBase
{
    [HttpPost]
    public int Post() => runs.Next();
}

[ApiController, Route("versioned")]
public sealed class VersionedController(Runs runs) : ControllerBase
{
    [HttpPost, Version("1"), Idempotent("near")]
    public int One() => runs.Next();

    [HttpPost, Version("2"), Idempotent("far")]
    public int Two() => runs.Next();

    [HttpPost, Version("3")]
    public int Three() => runs.Next();
}

[AttributeUsage(AttributeTargets.Method)]
public sealed class VersionAttribute(string version) : Attribute, IActionConstraint
{
    public string Version => version;

    public int Order => 0;

    public bool Accept(ActionConstraintContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.RouteContext.HttpContext.Request.Headers["X-Version"] == version;
    }
}

[ApiController, Route("formatted"), Idempotent]
public sealed class FormattedController(Runs runs) : ControllerBase
{
    [HttpPost]
    public int[] Post([FromBody] int[] numbers) => [runs.Next(), .. numbers ?? []];
}
