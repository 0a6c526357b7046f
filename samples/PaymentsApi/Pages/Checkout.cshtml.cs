using Idempotency.Filters;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using PaymentsApi.Payments;

namespace PaymentsApi.Pages;

/// <summary>A form with a button that can safely be pressed twice: the second press gets the receipt of the first.</summary>
[Idempotent("checkout")]
public sealed class CheckoutModel(Ledger ledger, PaymentGateway gateway) : PageModel
{
    [BindProperty]
    public CreatePayment Order { get; set; } = new(18.50m, "EUR", "Two bags of coffee");

    public string Payments => ledger.CountInWords();

    public async Task<IActionResult> OnPostAsync()
    {
        if (!ModelState.IsValid)
            return Page();

        await gateway.ChargeAsync();
        var payment = ledger.Enter(Order);
        return RedirectToPage("Receipt", new { payment.Id });
    }
}
