using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Idempotency.Filters.Tests.Pages;

/// <summary>The model of Readme.cshtml, in the namespace in which the page looks for it.</summary>
[Idempotent("checkout")]
public class CheckoutModel(Runs runs) : PageModel
{
    public IActionResult OnPost() => Redirect($"/receipt/{runs.Next()}");
}
