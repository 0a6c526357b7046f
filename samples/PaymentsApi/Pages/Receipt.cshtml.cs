using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using PaymentsApi.Payments;

namespace PaymentsApi.Pages;

/// <summary>Shows one payment. The checkout form redirects here, and the page is safe to reload.</summary>
public sealed class ReceiptModel(Ledger ledger) : PageModel
{
    public Payment Payment { get; private set; } = null!;

    public string Payments => ledger.CountInWords();

    public IActionResult OnGet(Guid id)
    {
        if (ledger.Find(id) is not { } payment)
            return NotFound();

        Payment = payment;
        return Page();
    }
}
