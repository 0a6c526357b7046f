using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Keys;

/// <summary>
/// An application with the key sources of a test. Endpoints answer the number of their run and what they read of the body.
/// </summary>
internal static class KeyedApp
{
    public static Task<TestApp> StartAsync(params KeySource[] sources) => StartAsync(_ => { }, sources);

    public static Task<TestApp> StartAsync(Action<IdempotencyOptions> options, params KeySource[] sources) => Answers.StartAsync(
        [typeof(KeyedController)],
        s =>
        {
            s.AddPages("Ordered").AddIdempotency(o => o.KeySources = sources);
            s.AddIdempotency(options);
        },
        app =>
        {
            app.MapRazorPages();
            app.MapPost("/minimal/json", (Order order, Runs runs) => $"{runs.Next()} {order.Amount}").RequireIdempotency();
            app.MapPost("/minimal/form", ([FromForm] int amount, Runs runs) => $"{runs.Next()} {amount}")
                .RequireIdempotency().DisableAntiforgery();
        });

    public static StringContent Json(string json, string type = "application/json") => new(json, null, type);

    public static FormUrlEncodedContent Form(params (string Name, string Value)[] fields) =>
        new(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));
}

public sealed record Order(int Amount);

[ApiController, Route("keyed"), Idempotent]
public sealed class KeyedController(Runs runs) : ControllerBase
{
    [HttpPost("json")]
    public string Json(Order order) => $"{runs.Next()} {order?.Amount}";

    [HttpPost("raw")]
    public async Task<string> Raw()
    {
        using var reader = new StreamReader(Request.Body);
        return $"{runs.Next()} {await reader.ReadToEndAsync()}";
    }

    [HttpPost("pipe")]
    public async Task<string> Pipe()
    {
        ReadResult read;
        while (!(read = await Request.BodyReader.ReadAsync()).IsCompleted)
            Request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        return $"{runs.Next()} {Encoding.UTF8.GetString(read.Buffer)}";
    }

    [HttpPost("unread")]
    public string Unread() => $"{runs.Next()}";

    [HttpPost("form")]
    public string Form([FromForm] Order order) => $"{runs.Next()} {order?.Amount}";

    [HttpPost("file")]
    public async Task<string> Upload(IFormFile file)
    {
        using var reader = new StreamReader(file?.OpenReadStream() ?? Stream.Null);
        return $"{runs.Next()} {await reader.ReadToEndAsync()}";
    }

    [HttpPost("key")]
    public string? Key(IIdempotencyContext idempotency) => idempotency?.Key;

    [HttpPost("manual"), IdempotencyManual]
    public string Manual(Order order, IIdempotencyContext idempotency) =>
        $"{runs.Next()} {order?.Amount} {idempotency?.IsRepeat} {idempotency?.RequestMatches}";
}

[Idempotent, IgnoreAntiforgeryToken]
public sealed class OrderedPage(Runs runs) : PageModel
{
    public int Run { get; private set; }

    [BindProperty]
    public int Amount { get; set; }

    public void OnPost() => Run = runs.Next();
}
