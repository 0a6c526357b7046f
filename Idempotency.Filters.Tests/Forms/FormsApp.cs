using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Forms;

/// <summary>An application with forms in a Razor Page and in an MVC view, protected by antiforgery.</summary>
internal static class FormsApp
{
    public static Task<TestApp> StartAsync() => Answers.StartAsync(
        [typeof(ViewsController)],
        s =>
        {
            s.AddOutputCache().AddPages("KeyForm", "KeyNames", "KeyTag");
            s.AddIdempotency()
                .AddPolicy("form", o => (o.KeySources, o.WhenInFlight) = ([KeySource.FormField()], InFlightBehavior.Wait))
                .AddPolicy("named", o => o.KeySources = [KeySource.FormField("order[key]")]);
        },
        app =>
        {
            Answers.ShowErrors(app);
            app.UseOutputCache();
            app.MapRazorPages();
        });
}

[Idempotent("form")]
public sealed class KeyFormPage(Runs runs) : PageModel
{
    public IActionResult OnPost() => Redirect($"/receipt/{runs.Next()}");
}

[Route("view")]
public sealed class ViewsController(Runs runs) : Controller
{
    [HttpGet("KeyForm")]
    public IActionResult Form() => View("/Views/KeyForm.cshtml");

    [HttpPost("KeyForm"), Idempotent("form"), ValidateAntiForgeryToken]
    public IActionResult Send() => Redirect($"/receipt/{runs.Next()}");

    [HttpPost("named"), Idempotent("named")]
    public IActionResult Named() => Redirect($"/receipt/{runs.Next()}");

    [HttpGet("KeyTag"), OutputCache]
    public IActionResult Tag() => View("/Views/KeyTag.cshtml");

    [HttpGet("cached"), OutputCache]
    public ContentResult Cached() => Content(Guid.NewGuid().ToString());
}
