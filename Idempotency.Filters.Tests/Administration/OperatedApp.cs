using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Administration;

/// <summary>What an operator does, without the endpoint that would call it.</summary>
internal static class OperatedApp
{
    public static readonly IdempotencyScope Anyone = IdempotencyScope.Anonymous;

    public static IIdempotencyAdministration Operator(this TestApp app) => app.Services.GetRequiredService<IIdempotencyAdministration>();

    public static async Task<FoundKeyState?> StateAsync(this TestApp app, string key, string? policy = null) =>
        (await app.Operator().FindAsync(Anyone, key, policy))?.State;

    public static async Task<ResolveOutcome> FreeAsync(this TestApp app, string key, string? policy = null) =>
        await app.Operator().ResolveAsync(Anyone, key, IdempotencyResolution.Free, policy);

    public static async Task<ResolveOutcome> CompleteAsync(this TestApp app, string key, string? policy = null) =>
        await app.Operator().ResolveAsync(Anyone, key, Answer("by hand"), policy);

    public static IdempotencyResolution Answer(string body) => IdempotencyResolution.Completed(
        StatusCodes.Status201Created, new HeaderDictionary { ["Content-Type"] = "text/plain" }, Encoding.UTF8.GetBytes(body));

    /// <summary>An action whose first run throws.</summary>
    public static Script Failing() =>
        new((_, run) => run == 1 ? throw new InvalidOperationException("after its effect") : Script.Answer(run));

    public static void Block(IdempotencyOptions options) => options.WhenFailed = FailureBehavior.Block;

    /// <summary>Asserts that the operator's answer was sent.</summary>
    public static async Task IsByHandAsync(this HttpResponseMessage response)
    {
        Assert.That((int)response.StatusCode, Is.EqualTo(201), await response.TextAsync());
        Assert.That(await response.TextAsync(), Is.EqualTo("by hand"));
        Assert.That(response.IsReplay(), Is.True);
    }
}

[ApiController, Route("orders")]
public sealed class OperatedController(Script script) : ControllerBase
{
    [HttpPost, Idempotent]
    public Task<IActionResult> Default() => script.RunAsync(HttpContext);

    [HttpPost("manual"), IdempotencyManual]
    public Task<IActionResult> Manual() => script.RunAsync(HttpContext);
}

[ApiController, Route("orders")]
public sealed class TwoPoliciesController(Script script) : ControllerBase
{
    [HttpPost, Idempotent]
    public Task<IActionResult> Default() => script.RunAsync(HttpContext);

    [HttpPost("policy"), Idempotent("policy")]
    public Task<IActionResult> UnderPolicy() => script.RunAsync(HttpContext);
}
