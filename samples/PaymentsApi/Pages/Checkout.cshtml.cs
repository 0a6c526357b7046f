using Idempotency.Filters;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using PaymentsApi.Payments;

namespace PaymentsApi.Pages;

/// <summary>A form with a button that can safely be pressed twice: the second press gets the receipt of the first.</summary>
[Idempotent("checkout")]
public sealed class CheckoutModel(ILedger ledger, PaymentGateway gateway, IIdempotencyContext idempotency) : PageModel
{
    [BindProperty]
    public CreatePayment Order { get; set; } = new(18.50m, "EUR", "Two bags of coffee");

    public Task<string> PaymentsAsync() => ledger.CountInWordsAsync();

    public async Task<IActionResult> OnPostAsync()
    {
        if (!ModelState.IsValid)
            return Page();

        await gateway.ChargeAsync(idempotency.DeriveKey("charge"));
        var payment = await ledger.EnterAsync(Order);
        return RedirectToPage("Receipt", new { payment.Id });
    }
}
